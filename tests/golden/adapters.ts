import { accountingAdapters } from './adapters/accounting.ts';
import { executionAdapters } from './adapters/execution.ts';
import { indicatorAdapters } from './adapters/indicators.ts';
import { microstructureAdapters } from './adapters/microstructure.ts';
import { patternAdapters } from './adapters/patterns.ts';
import { portfolioAdapters } from './adapters/portfolio.ts';
import { regimeAdapters } from './adapters/regime.ts';
import { riskAdapters } from './adapters/risk.ts';
import { validationAdapters } from './adapters/validation.ts';
import type { Adapter } from './cases.ts';

/** From the name of a function in the reference cases to the function of the system; adapters only rename. */
export const adapters: Readonly<Record<string, Adapter>> = {
  ...indicatorAdapters,
  ...patternAdapters,
  ...microstructureAdapters,
  ...riskAdapters,
  ...validationAdapters,
  ...portfolioAdapters,
  ...regimeAdapters,
  ...executionAdapters,
  ...accountingAdapters,
};
