const UNITS = [
  [86_400_000, 'days'],
  [3_600_000, 'hours'],
  [60_000, 'minutes'],
  [1_000, 'seconds'],
] as const;

/** A length of time in words, in the largest unit of which there are two: `36 hours`, `2 days`. */
export function durationText(durationMs: number): string {
  const [sizeMs, unit] = UNITS.find(([size]) => durationMs >= 2 * size) ?? UNITS[UNITS.length - 1]!;
  return `${Math.round(durationMs / sizeMs).toLocaleString('en')} ${unit}`;
}
