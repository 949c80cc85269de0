import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parameterTable } from '../../../cli/strategy-scaffold.ts';
import { definitionOf, STRATEGIES, strategyParameters } from '../../../core/strategies/registry.ts';
import { parseYaml } from '../../../infra/config.ts';
import { strategyConfig } from '../../../schemas/config.ts';

const DIR = 'docs/strategies';
const read = (file: string) => readFileSync(join(DIR, file), 'utf8');

/** The texts under each heading of the second level, in their order. */
function sectionsOf(page: string): Map<string, string> {
  return new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1).trim()]),
  );
}

/** Pages of the strategies against the registry and the schema: what they say can be run as it stands. */
describe.each(STRATEGIES.map((definition) => [definition.type, definition] as const))('docs/strategies/%s.md', (type, definition) => {
  const page = () => read(`${type}.md`);

  it('has its rule and where it comes from, its parameters, when it loses, and an example', () => {
    expect(page()).toMatch(new RegExp(`^# ${type}\n\n[^#\n]{20,}\n`));
    const sections = sectionsOf(page());
    expect([...sections.keys()]).toEqual(['Rule', 'Parameters', 'When it loses', 'Example']);
    expect(sections.get('Rule')).toMatch(/^Source: .{20,}/m);
    expect(sections.get('When it loses')!.length).toBeGreaterThan(80);
  });

  it('has the parameters of the registry, each with its default and range, and tells what the rule does with them', () => {
    const sections = sectionsOf(page());
    const table = sections.get('Parameters')!.split('\n\n')[0];
    expect(table).toBe(parameterTable(definition.parameters));
    const explained = `${sections.get('Rule')}${sections.get('Example')}`;
    for (const name of Object.keys(definition.parameters)) expect(explained, name).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('has an example that parses and makes a strategy', () => {
    const [, yaml] = /^```yaml\n([\s\S]*?)```$/.exec(sectionsOf(page()).get('Example')!)!;
    const config = parseYaml(yaml!, strategyConfig, `${type}.md`);
    expect([config.name, config.type]).toEqual([type, type]);
    const made = definitionOf(config);
    const parameters = strategyParameters(config);
    expect(Object.keys(made.create(parameters, config.instruments[0]!, config.instruments)).length).toBeGreaterThan(0);
    expect(made.warmupBars(parameters)).toBeGreaterThan(0);
    const [least, most] = made.legs ?? [1, Number.POSITIVE_INFINITY];
    expect(config.instruments.length).toBeGreaterThanOrEqual(least);
    expect(config.instruments.length).toBeLessThanOrEqual(most);
    // Types whose meaning stands in the file show it.
    expect([config.rules !== undefined, config.members !== undefined]).toEqual([type === 'rules', type === 'ensemble' || type === 'router']);
  });
});

describe('docs/strategies/README.md', () => {
  it('lists every strategy with what it is said to do, and no other', () => {
    const rows = [...read('README.md').matchAll(/^\| \[([^\]]+)\]\(([^)]+)\) \| (.+) \| [^|]+ \|$/gm)].map(([, name, file, description]) => [
      name,
      file,
      description,
    ]);
    expect(rows.sort()).toEqual(STRATEGIES.map(({ type, description }) => [type, `${type}.md`, description]).sort());
  });

  it('and its pages link to what there is', () => {
    for (const file of readdirSync(DIR)) {
      for (const [, target] of read(file).matchAll(/\]\(([^)#]+)\)/g)) {
        if (!target!.startsWith('http')) expect(readFileSync(join(DIR, target!), 'utf8').length, `${file}: ${target}`).toBeGreaterThan(0);
      }
    }
  });
});
