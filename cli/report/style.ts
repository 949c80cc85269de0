/** Style and script of a report file: nothing is loaded from anywhere. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #16191d; --muted: #626a75; --rule: #e3e6ea;
  --price: #56606d; --equity: #1c64d8; --fall: #c73a3a; --gain: #16875d; }
@media (prefers-color-scheme: dark) {
  :root { --page: #101317; --card: #181c22; --text: #e8ebef; --muted: #98a2ae; --rule: #2a3038;
    --price: #aab4c0; --equity: #6aa5ff; --fall: #f07171; --gain: #4cc38a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 56px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 15px; margin: 0; font-weight: 600; }
.lead, .note { color: var(--muted); margin: 0; }
.note { font-size: 13px; margin-top: 24px; max-width: 76ch; }
b { font-weight: inherit; } .gain { color: var(--gain); } .fall { color: var(--fall); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; margin: 24px 0; padding: 0; list-style: none; }
.tiles li, .card, .chart { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tiles li { padding: 12px 14px; } .tiles span { display: block; color: var(--muted); font-size: 13px; } .tiles strong { font-size: 22px; font-weight: 600; letter-spacing: -0.01em; }
.chart, .card { margin: 0 0 16px; padding: 16px; }
figcaption { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; margin-bottom: 12px; min-height: 24px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; padding: 0; list-style: none; color: var(--muted); font-size: 13px; }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle; }
.legend i.dot { width: 8px; height: 8px; border-radius: 50%; } i.dot.buy { background: var(--gain); } i.dot.sell { background: var(--fall); }
output { margin-left: auto; font-size: 13px; }
.plot { display: flex; } .canvas { position: relative; flex: 1; min-width: 0; } .canvas svg { width: 100%; height: 100%; display: block; overflow: visible; }
.levels { position: relative; width: 76px; } .levels span { position: absolute; left: 10px; transform: translateY(-50%); font-size: 12px; color: var(--muted); white-space: nowrap; }
.times { display: flex; justify-content: space-between; margin: 6px 76px 0 0; font-size: 12px; color: var(--muted); }
svg path { fill: none; vector-effect: non-scaling-stroke; } .grid { stroke: var(--rule); stroke-width: 1; } .line { stroke-width: 1.5; stroke-linejoin: round; } svg .area { opacity: 0.16; }
.dots { stroke-width: 7; stroke-linecap: round; } .dots.small { stroke-width: 3.5; } .dots.buy { stroke: var(--gain); } .dots.sell { stroke: var(--fall); }
.cursor { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--muted); display: none; pointer-events: none; }
.scroll { overflow-x: auto; margin-top: 10px; } table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: right; font-weight: 500; color: var(--muted); font-size: 13px; } td, th { padding: 5px 10px; text-align: right; white-space: nowrap; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
tbody tr { border-top: 1px solid var(--rule); }
.metrics { display: grid; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); gap: 0 32px; margin: 8px 0 0; } .metrics div { display: flex; justify-content: space-between; gap: 12px; border-top: 1px solid var(--rule); padding: 5px 0; }
.metrics dt { color: var(--muted); } .metrics dd { margin: 0; text-align: right; }
.tint { border-radius: 4px; } .chosen { outline: 2px solid var(--equity); outline-offset: -2px; border-radius: 4px; }
.verdict { border-left: 4px solid var(--muted); margin: 20px 0 0; } .verdict.tone-gain { border-left-color: var(--gain); } .verdict.tone-fall { border-left-color: var(--fall); } .verdict h2 { font-size: 18px; } .verdict p { margin: 6px 0 0; max-width: 84ch; }
.card .note { margin-top: 10px; }
.histogram { display: flex; align-items: flex-end; gap: 2px; height: 140px; margin-top: 14px; border-bottom: 1px solid var(--rule); } .histogram i { flex: 1; min-width: 0; border-radius: 2px 2px 0 0; opacity: 0.85; }
.scale { display: flex; justify-content: space-between; font-size: 12px; color: var(--muted); margin-top: 6px; }
@media (max-width: 600px) { main { padding: 20px 12px 40px; } h1 { font-size: 22px; } .tiles { grid-template-columns: repeat(2, 1fr); gap: 8px; } .tiles strong { font-size: 19px; }
  .chart, .card { padding: 12px; } .levels { width: 58px; } .levels span { left: 6px; font-size: 11px; } .times { margin-right: 58px; font-size: 11px; } .times time:nth-child(even) { display: none; } output { margin-left: 0; width: 100%; } }
@media print { body { background: #fff; } .chart, .card { break-inside: avoid; } }
`;

/** The pointer's readout: nearest drawn point, its time and values. */
export const REPORT_SCRIPT = `
for (const chart of document.querySelectorAll('.chart')) {
  const { times, series } = JSON.parse(chart.querySelector('script').textContent);
  const canvas = chart.querySelector('.canvas'), cursor = chart.querySelector('.cursor'), output = chart.querySelector('output');
  const first = times[0], span = times[times.length - 1] - first || 1;
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    const wanted = first + ((event.clientX - box.left) / box.width) * span;
    let low = 0, high = times.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (times[middle] < wanted) low = middle + 1; else high = middle; }
    cursor.style.display = 'block';
    cursor.style.left = ((times[low] - first) / span) * 100 + '%';
    output.textContent = [new Date(times[low]).toISOString().slice(0, 19).replace('T', ' '), ...series.map((one) => one.label + ' ' + one.text[low])].join('   ');
  });
  canvas.addEventListener('pointerleave', () => { cursor.style.display = 'none'; output.textContent = ''; });
}
`;
