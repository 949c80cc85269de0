import type { Adapter } from '../cases.ts';

export const patternAdapters: Readonly<Record<string, Adapter>> = {};
