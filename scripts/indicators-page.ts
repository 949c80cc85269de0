import { writeFileSync } from 'node:fs';
import { indicatorsPage } from '../cli/indicator-list.ts';
import { TECHNICAL_INDICATORS } from '../infra/technicalindicators.ts';

/** `node scripts/indicators-page.ts`: writes `docs/indicators.md` anew after an indicator was added or changed. */
writeFileSync(new URL('../docs/indicators.md', import.meta.url), indicatorsPage(TECHNICAL_INDICATORS));
