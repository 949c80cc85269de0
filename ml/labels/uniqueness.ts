/** From the bar of the event to the last bar the label has seen, both inclusive. */
export type LabelSpan = readonly [first: number, last: number];

/** Labels alive at each bar. */
function countAlive(spans: readonly LabelSpan[], counted: Iterable<number>): Float64Array {
  const alive = new Float64Array(spans.reduce((length, span) => Math.max(length, span[1] + 1), 0));
  for (const index of counted) for (let bar = spans[index]![0]; bar <= spans[index]![1]; bar++) alive[bar]!++;
  return alive;
}

function meanShare(alive: Float64Array, [first, last]: LabelSpan, others: number): number {
  let sum = 0;
  for (let bar = first; bar <= last; bar++) sum += 1 / (alive[bar]! + others);
  return sum / (last - first + 1);
}

/** How alone each label is among all of them: the mean over its bars of 1 ÷ labels alive there, in (0, 1]. Lopez de Prado, AFML snippet 4.2. */
export function averageUniqueness(spans: readonly LabelSpan[]): Float64Array {
  const alive = countAlive(spans, spans.keys());
  return Float64Array.from(spans, (span) => meanShare(alive, span, 0));
}

/**
 * Chance of each label to be the next draw of the sequential bootstrap: in proportion to how alone it would be among those drawn, so that
 * overlapping labels are drawn less. AFML 4.5.3 and snippet 4.5.
 *
 * @param drawn indices of `spans`, repeats counted
 */
export function sequentialBootstrapProbabilities(spans: readonly LabelSpan[], drawn: readonly number[]): Float64Array {
  const alive = countAlive(spans, drawn);
  const uniqueness = Float64Array.from(spans, (span) => meanShare(alive, span, 1));
  const total = uniqueness.reduce((sum, value) => sum + value, 0);
  return uniqueness.map((value) => value / total);
}
