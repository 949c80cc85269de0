import { TouchstoneError } from '../core/errors.ts';
import type { IndicatorDefinition } from '../core/indicators/indicator.ts';
import type { BarColumns } from '../core/market/bars.ts';
import { type Estimate, type IndicatorReport, IndicatorPerformance } from '../core/stats/indicator-performance.ts';

type Neutral = NonNullable<IndicatorDefinition['neutral']>;

/** How each output did, judged by the closes after it; above `neutral` it said up. Against the close it is the close less the output that is judged. */
export function judgeOutputs(
  columns: Readonly<Record<string, Float64Array>>,
  bars: BarColumns,
  horizons: readonly number[],
  neutral: Neutral,
): Record<string, IndicatorReport> {
  const judge = (column: Float64Array) => {
    const tracker = new IndicatorPerformance({ horizons, neutral: neutral === 'close' ? 0 : neutral });
    for (let i = 0; i < bars.length; i++) tracker.update(bars.close[i]!, neutral === 'close' ? bars.close[i]! - column[i]! : column[i]!);
    return tracker.report();
  };
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, judge(column)]));
}

/** One row an output and horizon. */
export function performanceRows(reports: Readonly<Record<string, IndicatorReport>>): Record<string, unknown>[] {
  return Object.entries(reports).flatMap(([output, { horizons, halfLifeBars, turnover }]) =>
    horizons.map((each) => ({
      output,
      'bars ahead': each.horizonBars,
      outcomes: each.observations,
      'hit rate': withInterval(each.hitRate),
      'information coefficient': withInterval(each.informationCoefficient),
      'of the last bar': withInterval(each.laggedCoefficient),
      'half-life': halfLifeBars ? `${halfLifeBars.value.toFixed(1)} bars` : '',
      turnover: turnover?.toFixed(3) ?? '',
    })),
  );
}

function withInterval(estimate: Estimate | undefined): string {
  return estimate ? `${estimate.value.toFixed(3)} [${estimate.low.toFixed(3)}, ${estimate.high.toFixed(3)}]` : '';
}

/** @throws TouchstoneError BAD_OPTION */
export function parseHorizons(text: string): number[] {
  const horizons = text.split(',').map(Number);
  if (horizons.some((horizon) => !Number.isInteger(horizon) || horizon < 1)) {
    throw new TouchstoneError('BAD_OPTION', `--horizons is ${JSON.stringify(text)}; want whole numbers of bars above 0, as in 1,5,20`);
  }
  return horizons;
}

/** @throws TouchstoneError BAD_OPTION */
export function parseNeutral(text: string | undefined, definition: IndicatorDefinition): Neutral {
  if (text === undefined) return definition.neutral ?? 0;
  if (text === 'close') return text;
  if (text.trim() === '' || !Number.isFinite(Number(text))) {
    throw new TouchstoneError('BAD_OPTION', `--neutral is ${JSON.stringify(text)}; want a number, or close for an output that is a price`);
  }
  return Number(text);
}
