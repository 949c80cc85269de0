/** One line of a chart; `values[i]` belongs to `timesMs[i]` of the chart. */
export interface Series {
  readonly label: string;
  readonly values: Float64Array;
  /** A CSS colour variable of the report's style, without its dashes. */
  readonly colour: string;
  /** The area between the line and 0, or a second line, is tinted. */
  readonly filled?: boolean;
  readonly filledTo?: Float64Array;
}

export interface Marker {
  readonly timeMs: number;
  readonly value: number;
  readonly kind: 'buy' | 'sell';
}

export interface ChartOptions {
  readonly title: string;
  readonly timesMs: Float64Array;
  readonly series: readonly Series[];
  readonly markers?: readonly Marker[];
  readonly heightPx: number;
  readonly format: (value: number) => string;
}

const WIDTH = 1_000;
const HEIGHT = 300;
/** Points kept of a long series; each pixel column still shows its lowest and highest value. */
const MAX_BUCKETS = 700;
const MAX_GRID_LINES = 6;

/**
 * A time chart as one `<figure>`: an SVG that stretches with the page, strokes that do not, and labels as text beside it, so that it
 * reads the same on a phone. What it draws lies in a `<script type="application/json">` for the pointer's readout.
 */
export function renderChart(options: ChartOptions): string {
  const { timesMs, series, markers = [] } = options;
  const bounds = boundsOf(series, markers);
  const firstMs = timesMs[0]!;
  const spanMs = Math.max(1, timesMs[timesMs.length - 1]! - firstMs);
  const x = (timeMs: number) => round(((timeMs - firstMs) / spanMs) * WIDTH);
  const y = (value: number) => round(HEIGHT - ((value - bounds.low) / (bounds.high - bounds.low)) * HEIGHT);
  const kept = bucketPoints(timesMs, series[0]!.values);
  const paths = series.map((line) => renderSeries(line, kept, timesMs, x, y)).join('');
  const dots = (['buy', 'sell'] as const).map((kind) => renderMarkers(kind, markers, x, y)).join('');
  const levels = roundLevels(bounds.low, bounds.high);
  const grid = levels.map((level) => `<path class="grid" d="M0 ${y(level)}H${WIDTH}"/>`).join('');
  const labels = levels.map((level) => `<span style="top:${round((y(level) / HEIGHT) * 100)}%">${escapeHtml(options.format(level))}</span>`).join('');
  const legend = series.map((line) => `<li><i style="background:var(--${line.colour})"></i>${escapeHtml(line.label)}</li>`).join('') + markerLegend(markers);
  const readout = {
    times: kept.map((i) => timesMs[i]!),
    series: series.map((line) => ({ label: line.label, text: kept.map((i) => options.format(line.values[i]!)) })),
  };
  return `<figure class="chart"><figcaption><h2>${escapeHtml(options.title)}</h2><ul class="legend">${legend}</ul><output></output></figcaption>
<div class="plot" style="height:${options.heightPx}px"><div class="canvas"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(options.title)}">${grid}${paths}${dots}</svg><b class="cursor"></b></div><div class="levels">${labels}</div></div>
<div class="times">${timeLabels(firstMs, spanMs)}</div><script type="application/json">${JSON.stringify(readout).replaceAll('<', '\\u003c')}</script></figure>`;
}

function boundsOf(series: readonly Series[], markers: readonly Marker[]): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const values of series.flatMap((line) => [line.values, ...(line.filledTo ? [line.filledTo] : [])])) {
    for (let i = 0; i < values.length; i++) {
      if (values[i]! < low) low = values[i]!;
      if (values[i]! > high) high = values[i]!;
    }
  }
  for (const { value } of markers) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const margin = (high - low) * 0.03 || Math.abs(high) * 0.01 || 1;
  return { low: low - margin, high: high > 0 || low > 0 ? high + margin : high };
}

/** Round numbers within the bounds, at most `MAX_GRID_LINES`: steps of 1, 2 or 5 times a power of ten. */
function roundLevels(low: number, high: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10((high - low) / MAX_GRID_LINES));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => (high - low) / size <= MAX_GRID_LINES)!;
  const first = Math.ceil(low / step);
  // Multiplied rather than added up, so that 0 is 0.
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Indices to draw: of each bucket the first, the lowest and the highest point, in order; all of a short series. */
function bucketPoints(timesMs: Float64Array, values: Float64Array): number[] {
  const { length } = timesMs;
  if (length <= MAX_BUCKETS * 3) return Array.from({ length }, (_, i) => i);
  const kept: number[] = [];
  for (let bucket = 0; bucket < MAX_BUCKETS; bucket++) {
    const start = Math.floor((bucket * length) / MAX_BUCKETS);
    const end = Math.floor(((bucket + 1) * length) / MAX_BUCKETS);
    let lowest = start;
    let highest = start;
    for (let i = start; i < end; i++) {
      if (values[i]! < values[lowest]!) lowest = i;
      if (values[i]! > values[highest]!) highest = i;
    }
    kept.push(...new Set([start, Math.min(lowest, highest), Math.max(lowest, highest)]));
  }
  kept.push(length - 1);
  return [...new Set(kept)];
}

type Scale = (value: number) => number;

function renderSeries(line: Series, kept: readonly number[], timesMs: Float64Array, x: Scale, y: Scale): string {
  const points = kept.map((i) => `${x(timesMs[i]!)} ${y(line.values[i]!)}`);
  const stroke = `<path class="line" style="stroke:var(--${line.colour})" d="M${points.join('L')}"/>`;
  if (line.filledTo) {
    const floor = kept.map((i) => `${x(timesMs[i]!)} ${y(line.filledTo![i]!)}`).reverse();
    return `<path class="area" style="fill:var(--${line.colour})" d="M${points.join('L')}L${floor.join('L')}Z"/>`;
  }
  if (!line.filled) return stroke;
  const zero = Math.max(0, Math.min(HEIGHT, y(0)));
  return `<path class="area" style="fill:var(--${line.colour})" d="M${x(timesMs[kept[0]!]!)} ${zero}L${points.join('L')}L${x(timesMs[kept.at(-1)!]!)} ${zero}Z"/>${stroke}`;
}

/** Dots are strokes of no length with round caps: they keep their shape however the picture is stretched. */
function renderMarkers(kind: Marker['kind'], markers: readonly Marker[], x: Scale, y: Scale): string {
  const dots = markers.filter((marker) => marker.kind === kind).map(({ timeMs, value }) => `M${x(timeMs)} ${y(value)}h0`);
  return dots.length === 0 ? '' : `<path class="dots ${kind}${dots.length > 250 ? ' small' : ''}" d="${dots.join('')}"/>`;
}

function markerLegend(markers: readonly Marker[]): string {
  const entry = (kind: Marker['kind'], label: string) => (markers.some((marker) => marker.kind === kind) ? `<li><i class="dot ${kind}"></i>${label}</li>` : '');
  return entry('buy', 'bought') + entry('sell', 'sold');
}

function timeLabels(firstMs: number, spanMs: number): string {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => `<time>${formatTime(firstMs + spanMs * share, spanMs)}</time>`).join('');
}

/** As much of a time as a span needs. */
export function formatTime(timeMs: number, spanMs: number): string {
  const text = new Date(timeMs).toISOString();
  if (spanMs < 86_400_000) return text.slice(11, 19);
  return spanMs < 7 * 86_400_000 ? `${text.slice(5, 10)} ${text.slice(11, 16)}` : text.slice(0, 10);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function escapeHtml(text: string): string {
  const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => named[character]!);
}
