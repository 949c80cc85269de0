import type { Adapter } from '../cases.ts';

export const regimeAdapters: Readonly<Record<string, Adapter>> = {};
