/**
 * A report as one HTML file: no script, nothing from elsewhere, light and dark, made for the screen, the printer and a reader that speaks. It is well-formed XML
 * too, so that any tool can read it. Pure.
 */
import { formatCoins } from '../analytics/coins.ts';
import type { CoinFigure, Figures, Payout, Report, ReportRow } from './report.ts';

/** Bars of one chart; the tables have all rows. */
const mostBars = 40;

const style = `
:root { color-scheme: light dark; --ground: #fcfcfb; --card: #ffffff; --ink: #1b1b1f; --soft: #5a5d66; --line: #dcdde2; --income: #0b7a5b; --cost: #c2571a; --warn: #8a5a00; --warn-ground: #fff6e0; }
@media (prefers-color-scheme: dark) { :root { --ground: #14151a; --card: #1c1e25; --ink: #ececf1; --soft: #a4a8b3; --line: #343843; --income: #3fb68f; --cost: #ee8a4b; --warn: #f2c867; --warn-ground: #2e2718; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 76rem; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
.soft { color: var(--soft); margin: .25rem 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.5rem 0 1rem; padding: 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.figures dt { color: var(--soft); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.figures div.long { grid-column: span 2; } .figures div.long dd { font-size: 1rem; white-space: pre-line; }
.notes { background: var(--warn-ground); border-left: 4px solid var(--warn); border-radius: .25rem; padding: .6rem 1rem .6rem 2rem; margin: 1rem 0; }
.sources { color: var(--soft); padding-left: 1.2rem; margin: .5rem 0; font-size: .9rem; overflow-wrap: anywhere; }
figure { margin: 1rem 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; break-inside: avoid; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--soft); font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
svg text.name { fill: var(--ink); }
.income { fill: var(--income); } .cost { fill: var(--cost); } .grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.legend { display: flex; gap: 1.25rem; margin: 0 0 .5rem; padding: 0; list-style: none; font-size: .9rem; color: var(--soft); }
.legend svg { display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; vertical-align: -1px; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .6rem .75rem; color: var(--soft); caption-side: top; }
th, td { padding: .35rem .6rem; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; }
th[scope=row], .text { text-align: left; font-weight: 500; }
thead th.text { font-weight: 600; }
td.lacks { text-align: left; white-space: normal; color: var(--warn); font-size: .82rem; font-weight: 400; }
tr.why td { border-top: 0; padding-top: 0; }
td.coins { white-space: pre; }
tfoot th, tfoot td { border-top: 2px solid var(--soft); font-weight: 600; }
.unknown { color: var(--soft); }
@media print { :root { color-scheme: light; --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --income: #0b7a5b; --cost: #c2571a; --warn: #5f3d00; --warn-ground: #fff; }
  html { font-size: 10px; } body { padding: 0; max-width: none; font-size: 10px; } h2 { break-after: avoid; } tr, figure { break-inside: avoid; } thead { display: table-header-group; } .wide { overflow: visible; border: 0; }
  th, td { padding: .15rem .35rem; } tr.why { break-before: avoid; } }
`;

export function reportHtml(report: Report): string {
  const { from, to, site, sites, period, madeAt, total, bySite, byMiner, byDay, byPeriod, rows, payouts, sources, notes } = report;
  const what = site === undefined ? 'Report of the fleet' : `Report of site ${site}`;
  const span = from === to ? from : `${from} to ${to}`;
  const zones = [...new Set(sites.map(({ zone }) => zone))].join(', ');
  return `<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
<title>${escaped(`${what}, ${span}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escaped(what)}</h1>
<p class="soft">${escaped(`${span}, by ${period}, in local days of ${sites.length === 1 ? `site ${sites[0]?.name ?? ''}` : `${sites.length} sites`} (${zones}). Made ${new Date(madeAt).toISOString().slice(0, 16).replace('T', ' ')} UTC. Money is in USD at the time of receipt.`)}</p>
</header>
<main>
${keyFigures(total)}
${notes.length === 0 ? '' : `<ul class="notes" aria-label="What is missing">${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>`}
<ul class="sources" aria-label="Sources">${sources.map((one) => `<li>${escaped(one)}</li>`).join('')}</ul>
<h2>By day</h2>
${dayChart(byDay)}
<h2>By site</h2>
${barChart('by-site', 'Income and power cost by site, USD', bySite.map((row) => ({ name: row.site ?? 'no known miner', row })))}
${figureTable('by-site-table', 'Each site over the whole time; the last line is the sum', { first: 'site', rows: bySite.map((row) => ({ name: row.site ?? 'no known miner', row })), total })}
<h2>By miner</h2>
${barChart('by-miner', 'Income and power cost by miner, USD', byMiner.map((row) => ({ name: row.miner ?? 'no known miner', row })))}
${figureTable('by-miner-table', 'Each miner over the whole time', { first: 'miner', rows: byMiner.map((row) => ({ name: row.miner ?? 'no known miner', row })), total })}
<h2>By ${period}</h2>
${figureTable('by-period-table', `All miners, each ${period}`, { first: period, rows: byPeriod.map((row) => ({ name: row.period, row })), total })}
<h2>Each miner, each ${period}</h2>
${figureTable('rows-table', `What each miner used, cost and brought in, each ${period}`, { first: period, rows: rows.map((row) => ({ name: row.period, row })), miners: true })}
<h2>Payouts</h2>
${payoutTable(payouts)}
${period === 'day' ? '' : `<h2>Days</h2>\n${figureTable('by-day-table', 'All miners, each day', { first: 'day', rows: byDay.map((row) => ({ name: row.period, row })), total })}`}
</main>
</body>
</html>
`;
}

function keyFigures(total: ReportRow): string {
  const figures: [string, string, boolean?][] = [
    ['Income', unit(usd(total.incomeUsd), 'USD')], ['Power cost', unit(usd(total.powerCostUsd), 'USD')], ['Profit', unit(usd(total.profitUsd), 'USD')],
    ['Energy', unit(number(total.energyKilowattHours, 1), 'kWh')], ['Answered', unit(percent(total.uptimeRatio), '%')],
    ['Coins', total.coins === undefined ? unknown : total.coins.length === 0 ? 'none' : coinLines(total.coins), true],
  ];
  return `<dl class="figures">${figures.map(([name, text, long]) => `<div${long === true ? ' class="long"' : ''}><dt>${name}</dt><dd>${escaped(text)}</dd></div>`).join('')}</dl>`;
}

const unknown = 'unknown';

function coinLines(coins: readonly CoinFigure[]): string {
  return coins.map(({ coin, amount }) => `${coin} ${formatCoins(amount)}`).join('\n');
}

function unit(text: string | undefined, name: string): string {
  return text === undefined ? unknown : `${text} ${name}`;
}

/** The same digits in charts and tables. */
function usd(value: number | undefined): string | undefined {
  return number(value, 2);
}

function number(value: number | undefined, digits: number): string | undefined {
  // A number that rounds to nothing has no sign.
  return value === undefined ? undefined : value.toFixed(digits).replace(/^-(0(?:\.0*)?)$/, '$1');
}

function percent(value: number | undefined): string | undefined {
  return value === undefined ? undefined : number(value * 100, 2);
}

interface Named { readonly name: string; readonly row: ReportRow }

const columns: readonly { readonly title: string; readonly name: string; readonly of: (row: Figures) => string | undefined; readonly kind?: 'coins' }[] = [
  { title: 'energy, kWh', name: 'energy', of: (row) => number(row.energyKilowattHours, 1) },
  { title: 'power cost, USD', name: 'cost', of: (row) => usd(row.powerCostUsd) },
  { title: 'coins', name: 'coins', of: (row) => (row.coins === undefined ? undefined : row.coins.length === 0 ? 'none' : coinLines(row.coins)), kind: 'coins' },
  { title: 'income, USD', name: 'income', of: (row) => usd(row.incomeUsd) },
  { title: 'profit, USD', name: 'profit', of: (row) => usd(row.profitUsd) },
  { title: 'answered, %', name: 'uptime', of: (row) => percent(row.uptimeRatio) },
  { title: 'hashrate, GH/s', name: 'hashrate', of: (row) => number(row.hashrate === undefined ? undefined : row.hashrate / 1e9, 2) },
  { title: 'J/MH', name: 'efficiency', of: (row) => number(row.efficiencyJoulesPerMegahash, 3) },
  { title: 'rejected, %', name: 'rejected', of: (row) => percent(row.rejectedRatio) },
];

function figureTable(id: string, caption: string, { first, rows, total, miners = false }: { readonly first: string; readonly rows: readonly Named[]; readonly total?: ReportRow; readonly miners?: boolean }): string {
  const cells = (row: Figures) => columns.map(({ of, name, kind }) => {
    const text = of(row);
    return `<td data-column="${name}"${kind === undefined ? '' : ' class="coins"'}>${text === undefined ? '<span class="unknown">–</span>' : escaped(text)}</td>`;
  }).join('');
  const own = miners ? ['site', 'miner'] : [];
  /** Below the row: beside it nobody would see it. */
  const why = ({ lacks }: Figures) => (lacks.length === 0 ? '' : `<tr class="why"><td class="lacks" colspan="${1 + own.length + columns.length}">lacks: ${escaped(lacks.join('; '))}</td></tr>`);
  const head = [first, ...own].map((title) => `<th scope="col" class="text">${title}</th>`).join('') + columns.map(({ title }) => `<th scope="col">${title}</th>`).join('');
  const body = rows.map(({ name, row }) => `<tr><th scope="row">${escaped(name)}</th>${own.map((field) => `<td class="text">${escaped((field === 'site' ? row.site : row.miner) ?? 'none known')}</td>`).join('')}${cells(row)}</tr>${why(row)}`).join('\n');
  const foot = total === undefined || rows.length < 2 ? '' : `<tfoot><tr><th scope="row">sum</th>${cells(total)}</tr>${why(total)}</tfoot>`;
  return `<div class="wide" role="region" tabindex="0" aria-label="${escaped(caption)}"><table id="${id}"><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody>${foot}</table></div>`;
}

function payoutTable(payouts: readonly Payout[]): string {
  if (payouts.length === 0) return '<p class="soft">The ledger has no payouts in this time.</p>';
  const head = ['day', 'time (UTC)', 'pool', 'coin', 'amount', 'status', 'number at the pool', 'note'].map((title) => `<th scope="col"${title === 'amount' ? '' : ' class="text"'}>${title}</th>`).join('');
  const body = payouts.map(({ day, at, pool, coin, amount, status, id = '', note = '' }) => {
    const text = (cell: string) => `<td class="text">${escaped(cell)}</td>`;
    return `<tr><th scope="row">${day}</th>${[new Date(at).toISOString().slice(0, 16).replace('T', ' '), pool, coin].map(text).join('')}<td>${escaped(formatCoins(amount))}</td>${text(status)}${text(id)}<td class="lacks">${escaped(note)}</td></tr>`;
  }).join('\n');
  const caption = 'What left the pools: no loss, since it came in before';
  return `<div class="wide" role="region" tabindex="0" aria-label="${caption}"><table id="payouts-table"><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

const series = [['income', 'Income', (row: Figures) => row.incomeUsd], ['cost', 'Power cost', (row: Figures) => row.powerCostUsd]] as const;

const legend = `<ul class="legend">${series.map(([kind, name]) => `<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${kind}" width="10" height="10" rx="2" /></svg>${name}</li>`).join('')}</ul>`;

/** Steps of 1, 2 or 5 times a power of ten, four to eight of them. */
function scaleFor(most: number): { readonly top: number; readonly step: number; readonly digits: number } {
  if (!(most > 0) || !Number.isFinite(most)) return { top: 1, step: 0.25, digits: 2 };
  const rough = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.5, 1, 2].map((times) => times * rough).find((one) => most / one <= 6) ?? 2 * rough;
  return { top: Math.ceil(most / step - 1e-9) * step, step, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function chartOf(id: string, caption: string, { width, height, body }: { width: number; height: number; body: string }): string {
  return `<figure><figcaption id="${id}-caption">${escaped(caption)}</figcaption>${legend}<svg id="${id}" role="img" aria-labelledby="${id}-caption" viewBox="0 0 ${width} ${height}">${body}</svg></figure>`;
}

const px = (value: number) => Number(value.toFixed(2));

/** Two bars a day; a day whose figure is unknown has none. */
function dayChart(days: readonly ReportRow[]): string {
  const [width, height, left, bottom, top] = [1000, 280, 56, 26, 8];
  const { top: most, step, digits } = scaleFor(Math.max(0, ...days.flatMap((row) => series.flatMap(([, , of]) => of(row) ?? []))));
  const y = (value: number) => px(top + (height - top - bottom) * (1 - value / most));
  const grid = Array.from({ length: Math.round(most / step) + 1 }, (_, index) => index * step)
    .map((value) => `<line class="${value === 0 ? 'axis' : 'grid'}" x1="${left}" x2="${width}" y1="${y(value)}" y2="${y(value)}" /><text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(digits)}</text>`).join('');
  const slot = (width - left) / Math.max(1, days.length);
  const bar = Math.min(28, slot * 0.38);
  const every = Math.ceil(days.length / 12);
  const bars = days.map((row, index) => {
    const middle = left + slot * (index + 0.5);
    const label = index % every === 0 ? `<text x="${px(middle)}" y="${height - 8}" text-anchor="middle">${days.length > 1 && days.length <= 62 ? row.period.slice(5) : row.period}</text>` : '';
    return label + series.map(([kind, name, of], place) => {
      const value = of(row);
      return value === undefined ? '' : `<rect class="${kind}" data-name="${row.period}" data-value="${usd(value) ?? ''}" x="${px(middle + (place - 1) * bar)}" y="${y(Math.max(0, value))}" width="${px(bar)}" height="${px(y(0) - y(Math.max(0, value)))}"><title>${escaped(`${row.period}: ${name} ${usd(value) ?? ''} USD${row.lacks.length === 0 ? '' : ', in part'}`)}</title></rect>`;
    }).join('');
  }).join('');
  return chartOf('by-day', 'Income and power cost by day, USD', { width, height, body: grid + bars });
}

/** Lying bars, the largest income first. */
function barChart(id: string, caption: string, named: readonly Named[]): string {
  const shown = [...named].sort((a, b) => (b.row.incomeUsd ?? -1) - (a.row.incomeUsd ?? -1)).slice(0, mostBars);
  const [width, line, left, right] = [1000, 34, 190, 80];
  const most = Math.max(0, ...shown.flatMap(({ row }) => series.flatMap(([, , of]) => of(row) ?? [])));
  const size = (value: number) => px((width - left - right) * (most > 0 ? Math.max(0, value) / most : 0));
  const body = shown.map(({ name, row }, index) => {
    const y = index * line;
    const short = name.length > 24 ? `${name.slice(0, 23)}…` : name;
    return `<text class="name" x="${left - 10}" y="${y + 21}" text-anchor="end">${escaped(short)}</text>` + series.map(([kind, what, of], place) => {
      const value = of(row);
      const at = y + 4 + place * 13;
      return value === undefined ? '' : `<rect class="${kind}" data-name="${escaped(name)}" data-value="${usd(value) ?? ''}" x="${left}" y="${at}" width="${size(value)}" height="11" rx="2"><title>${escaped(`${name}: ${what} ${usd(value) ?? ''} USD${row.lacks.length === 0 ? '' : ', in part'}`)}</title></rect><text x="${px(left + size(value) + 6)}" y="${at + 10}">${usd(value) ?? ''}</text>`;
    }).join('');
  }).join('');
  return chartOf(id, named.length > shown.length ? `${caption}; the ${shown.length} with the largest income of ${named.length}` : caption, { width, height: Math.max(line, shown.length * line), body });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
