/** The palettes of the dashboard (its `app.css`); a test holds them together. */
const LIGHT = `--bg:#fafaf9;--surface:#ffffff;--text:#15181c;--muted:#575f6a;--faint:#6b737e;--line:#e3e5e8;--grid:#eceef0;--accent:#2a58cc;--bar:#dde6fa;--error:#bf2a1f;--error-soft:#fdecea;--warn:#825400;--warn-soft:#fdf3dc;--good:#1b7540;--mark:#4a74d8;--tokens-input:#5580dd;--tokens-output:#1c3a86;--tokens-unknown:#8b929b;--series-0:#5c73d6;--series-1:#d5742c;--series-2:#3f6c59;--series-3:#994a9c;--series-4:#233b95;--series-5:#583c09;--series-6:#a6420b;--series-7:#77215d;--series-other:#868d97`
const DARK = `--bg:#0e1115;--surface:#14181d;--text:#e9ebee;--muted:#a0a9b4;--faint:#87919d;--line:#272d35;--grid:#20252c;--accent:#86acff;--bar:#1d2c4c;--error:#ff8578;--error-soft:#3a1b19;--warn:#efbb55;--warn-soft:#33280f;--good:#66d193;--mark:#6e97f2;--tokens-input:#6e97f2;--tokens-output:#bccfff;--tokens-unknown:#7d8692;--series-0:#c4d0fc;--series-1:#e88a2e;--series-2:#08c088;--series-3:#e489df;--series-4:#834cac;--series-5:#f4d366;--series-6:#a74d1b;--series-7:#8de5c2;--series-other:#7d8692`

const SERIES = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => `.s${index}{fill:var(--series-${index})}`).join('')

/** All of it: the page loads nothing. Colours come by class, for an attribute of style would need a weaker policy. */
export const STYLE = `:root{color-scheme:light dark;${LIGHT}}@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box;margin:0;padding:0}
html{background:var(--bg);color:var(--text);-webkit-text-size-adjust:100%}
body{font:14px/20px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums;max-width:1120px;margin:0 auto;padding:32px 24px 48px}
header{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:baseline;justify-content:space-between;margin-bottom:24px}
h1{font-size:20px;line-height:28px;font-weight:600}
h2{font-size:14px;line-height:20px;font-weight:600}
h3{font-size:13px;line-height:20px;font-weight:600;margin:16px 0 4px}
p,li,.note{color:var(--muted);font-size:13px;line-height:20px}
.note{margin:2px 0 8px}
bdi{overflow-wrap:anywhere}
section{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:16px;margin-bottom:16px;min-width:0}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;align-items:start}
.pair>section{margin-bottom:0}.pair{margin-bottom:16px}
.wide{padding:0}
.dot{margin-right:6px}
.stack>section:last-child{margin-bottom:0}.stack{min-width:0}
.keys{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:0;padding:0}
.key{padding:16px;border-left:1px solid var(--line);min-width:0}.key:first-child{border-left:0}
.key dt{color:var(--muted);font-size:12px;line-height:16px}
.key .figure{font-size:24px;line-height:34px;font-weight:600;letter-spacing:-.01em;white-space:nowrap}
.key .change{font-size:12px;line-height:16px;color:var(--muted);white-space:nowrap}
.key svg{display:block;width:100%;height:24px;margin-top:8px;overflow:visible}
.spark{fill:none;stroke:var(--mark);stroke-width:1.5;vector-effect:non-scaling-stroke}
.attention{background:var(--warn-soft);border-color:transparent;padding:8px 12px}
.attention li{list-style:none;color:var(--text)}.attention b{color:var(--warn);font-weight:600}.attention b.bad{color:var(--error)}
.chart{display:flex;gap:8px;margin-top:12px}.chart>svg{display:block;overflow:visible}
.chart>.axis{flex:none;width:52px}.chart>.plot{flex:1;min-width:0;width:0}
.tick{fill:var(--faint);font-size:11px}.rule{stroke:var(--grid);stroke-width:1}.base{stroke:var(--line);stroke-width:1}
.part{opacity:.55}.other{fill:var(--series-other)}.mark{fill:var(--mark)}${SERIES}
.in{fill:var(--tokens-input)}.in.light{opacity:.55}.in.lighter{opacity:.3}.out{fill:var(--tokens-output)}.unknown{fill:var(--tokens-unknown)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin-top:8px;list-style:none}
.legend li{display:flex;gap:6px;align-items:baseline;color:var(--text);font-size:12px;min-width:0}
.legend svg{flex:none;width:10px;height:10px}.legend span{color:var(--muted)}
table{width:100%;border-collapse:collapse;font-size:13px;line-height:20px;margin-top:8px}
th{font-weight:500;color:var(--muted);font-size:12px;text-align:right;padding:4px 0 4px 16px;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:bottom}
td{text-align:right;padding:4px 0 4px 16px;border-bottom:1px solid var(--grid);white-space:nowrap;vertical-align:top}
th:first-child,td:first-child{padding-left:0}
tr:last-child td{border-bottom:0}
.left{text-align:left}td.left{white-space:normal}td.name{min-width:112px}td.faint,.faint{color:var(--faint)}
td svg.bar{display:block;width:100%;height:4px;margin-top:2px}.bar rect{fill:var(--mark)}.bar .track{fill:var(--grid)}.bar .warn{fill:var(--warn)}.bar .bad{fill:var(--error)}
.scroll{overflow-x:auto}
.advice{list-style:none}.advice li{padding:8px 0;border-bottom:1px solid var(--grid)}.advice li:last-child{border-bottom:0}
.advice b{color:var(--text);font-weight:500}.tag{font-size:12px;color:var(--muted)}.tag.critical{color:var(--error)}.tag.warning{color:var(--warn)}.save{color:var(--good)}
.bad{color:var(--error)}.warn{color:var(--warn)}
footer{color:var(--faint);font-size:12px;line-height:18px;margin-top:24px}
@media (max-width:800px){body{padding:16px 12px 32px}.pair{grid-template-columns:minmax(0,1fr)}.keys{grid-template-columns:repeat(2,minmax(0,1fr))}.key{border-top:1px solid var(--line)}.key:nth-child(odd){border-left:0}.key:nth-child(-n+2){border-top:0}}
@page{size:A4;margin:12mm}
@media print{:root{color-scheme:light;${LIGHT};--bg:#ffffff}body{padding:0;max-width:none;font-size:12px}section{break-inside:avoid;border-radius:0;border-left:0;border-right:0;border-bottom:0;padding:12px 0}section.long{break-inside:auto}tr,li{break-inside:avoid}thead{display:table-header-group}h2{break-after:avoid}.keys{grid-template-columns:repeat(3,minmax(0,1fr));padding:0}.key{padding:8px 12px;border:0}.key .figure{font-size:20px;line-height:28px}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.scroll{overflow:visible}table{font-size:11px}th,td{padding-left:10px}td.name{min-width:80px}}
`
