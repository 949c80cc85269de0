import type { Adapter } from '../cases.ts';

export const microstructureAdapters: Readonly<Record<string, Adapter>> = {};
