import type { Adapter } from '../cases.ts';

export const portfolioAdapters: Readonly<Record<string, Adapter>> = {};
