import type { IndicatorDefinition, Parameters } from './indicator.ts';

/** Short periods that intraday strategies use, each by name: `rsi-2`, `bollinger-10-1.5`. */
const PRESET_PARAMETERS: Readonly<Record<string, readonly Parameters[]>> = {
  rsi: [2, 3, 4, 5, 6, 7, 8, 9].map((period) => ({ period })),
  cci: [{ period: 5 }],
  stochFast: [{ kPeriod: 3, dPeriod: 2 }],
  williamsR: [3, 4, 5].map((period) => ({ period })),
  mfi: [5, 6, 7].map((period) => ({ period })),
  bollinger: [{ period: 10, k: 1.5 }],
  keltner: [{ period: 10, multiplier: 1 }],
  atr: [{ period: 5 }],
};

/** The presets of the given indicators. A preset is a definition as any other; its parameters can still be given. */
export function presetsOf(definitions: readonly IndicatorDefinition[]): readonly IndicatorDefinition[] {
  return definitions.flatMap((definition) => (PRESET_PARAMETERS[definition.name] ?? []).map((defaults) => preset(definition, defaults)));
}

function preset(definition: IndicatorDefinition, defaults: Parameters): IndicatorDefinition {
  const values = Object.values(defaults);
  const parameters = Object.entries(definition.parameters).map(([name, spec]) => [name, { ...spec, default: defaults[name] ?? spec.default }]);
  return {
    ...definition,
    name: [definition.name, ...values].join('-'),
    description: `${definition.description}; preset ${values.join(', ')}`,
    parameters: Object.fromEntries(parameters),
  };
}
