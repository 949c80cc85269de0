import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definitionOf, STRATEGIES, strategyParameters } from '../../../core/strategies/registry.ts';
import { loadConfiguration, readYaml } from '../../../infra/config.ts';
import { strategyConfig } from '../../../schemas/config.ts';

const DIR = 'config/strategies/library';
const files = readdirSync(DIR);

describe('the library of strategies', () => {
  it.each(files)('%s is a strategy that can be run as it stands', (file) => {
    const config = readYaml(join(DIR, file), strategyConfig);
    expect(`${config.name}.yaml`).toBe(file);
    expect(strategyParameters(config)).toMatchObject(config.parameters);
    const definition = definitionOf(config);
    const [least, most] = definition.legs ?? [1, Number.POSITIVE_INFINITY];
    expect(config.instruments.length).toBeGreaterThanOrEqual(least);
    expect(config.instruments.length).toBeLessThanOrEqual(most);
    expect(() => definition.create(strategyParameters(config), config.instruments[0]!, config.instruments)).not.toThrow();
  });

  it('and the strategies that trade hold one of every type', () => {
    const { strategies } = loadConfiguration('config');
    const types = [...strategies, ...files.map((file) => readYaml(join(DIR, file), strategyConfig))].map(({ type }) => type);
    expect(types.sort()).toEqual(STRATEGIES.map(({ type }) => type).sort());
  });
});
