import type { Adapter } from '../cases.ts';

export const executionAdapters: Readonly<Record<string, Adapter>> = {};
