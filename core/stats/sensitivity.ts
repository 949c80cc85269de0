import type { ParameterSpec } from '../strategies/strategy.ts';

/** One parameter and the values that are tried, ascending. */
export interface ParameterAxis {
  readonly name: string;
  readonly values: readonly number[];
  /** Where the chosen value stands. */
  readonly chosen: number;
}

/**
 * Values around a chosen one, in even steps over ± `span` of it (of the range, if it is 0), within the parameter's range; whole where the parameter
 * is. Fewer than `steps` where they would fall together.
 */
export function axisAround(
  name: string,
  spec: ParameterSpec,
  chosen: number,
  options: { readonly steps?: number; readonly span?: number } = {},
): ParameterAxis {
  const { steps = 7, span = 0.5 } = options;
  const reach = chosen === 0 ? (spec.max - spec.min) * 0.1 : Math.abs(chosen) * span;
  const values = new Set<number>([chosen]);
  for (let i = 0; i < steps; i++) {
    const raw = chosen - reach + (2 * reach * i) / Math.max(1, steps - 1);
    const value = spec.integer ? Math.round(raw) : Number(raw.toPrecision(6));
    if (value >= spec.min && value <= spec.max) values.add(value);
  }
  const ascending = [...values].sort((a, b) => a - b);
  return { name, values: ascending, chosen: ascending.indexOf(chosen) };
}

export interface SensitivitySurface {
  readonly x: ParameterAxis;
  readonly y: ParameterAxis;
  /** `values[yIndex][xIndex]`; undefined where the metric has no value. */
  readonly values: readonly (readonly (number | undefined)[])[];
  /** Cell of the best value; undefined when there is none. */
  readonly best: { readonly x: number; readonly y: number } | undefined;
  /** Share of the best cell's neighbours within the tolerance of it: near 1 on a plateau, 0 on a needle. Undefined unless the best is above 0. */
  readonly bestPlateau: number | undefined;
  /** The same around the chosen cell: neighbours that are no more than the tolerance worse. Undefined unless the chosen one is above 0. */
  readonly chosenPlateau: number | undefined;
  /** Share of cells with a value that are worse than the chosen one. */
  readonly chosenRank: number | undefined;
}

/** A metric over a grid of two parameters; higher is better. `tolerance` 0.2 = a neighbour counts down to 80 % of the cell's value. */
export function sensitivitySurface(
  x: ParameterAxis,
  y: ParameterAxis,
  evaluate: (parameters: Readonly<Record<string, number>>) => number | undefined,
  tolerance = 0.2,
): SensitivitySurface {
  const values = y.values.map((yValue) => x.values.map((xValue) => evaluate({ [x.name]: xValue, [y.name]: yValue })));
  let best: { x: number; y: number } | undefined;
  for (const [row, line] of values.entries()) {
    for (const [column, value] of line.entries()) {
      if (value !== undefined && value > (best ? values[best.y]![best.x]! : Number.NEGATIVE_INFINITY)) best = { x: column, y: row };
    }
  }
  const chosenValue = values[y.chosen]![x.chosen];
  const known = values.flat().filter((value) => value !== undefined);
  const others = known.length - 1;
  return {
    x,
    y,
    values,
    best,
    bestPlateau: best && plateauScore(values, best.x, best.y, tolerance),
    chosenPlateau: plateauScore(values, x.chosen, y.chosen, tolerance),
    chosenRank: chosenValue === undefined || others < 1 ? undefined : known.filter((value) => value < chosenValue).length / others,
  };
}

/** Share of the up to eight cells around one that reach (1 − tolerance) of its value. Undefined unless the value is above 0 and there is a neighbour. */
export function plateauScore(values: ReadonlyArray<ReadonlyArray<number | undefined>>, x: number, y: number, tolerance: number): number | undefined {
  const centre = values[y]?.[x];
  if (centre === undefined || !(centre > 0)) return undefined;
  let neighbours = 0;
  let near = 0;
  for (let row = Math.max(0, y - 1); row <= Math.min(values.length - 1, y + 1); row++) {
    for (let column = Math.max(0, x - 1); column <= Math.min(values[row]!.length - 1, x + 1); column++) {
      if (row === y && column === x) continue;
      neighbours++;
      const value = values[row]![column];
      if (value !== undefined && value >= centre * (1 - tolerance)) near++;
    }
  }
  return neighbours === 0 ? undefined : near / neighbours;
}
