import { writeFileSync } from 'node:fs';
import { dataModel } from '../infra/data-model.ts';

/** `npm run data-model`: writes `docs/data-model.md` anew after a migration was added. */
writeFileSync(new URL('../docs/data-model.md', import.meta.url), dataModel(new URL('../schemas/clickhouse', import.meta.url).pathname));
