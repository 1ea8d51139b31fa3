"""The page's style sheet and script: light, dark and print; nothing is loaded from anywhere."""

CSS = """
:root { --ink: #1d2329; --soft: #59636e; --line: #d9dee4; --back: #ffffff; --card: #f5f7f9; --mark: #0d7d60;
  --bad: #b0432a; --edge: #8b929caa; color-scheme: light; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --soft: #9aa5b1; --line: #343c45; --back: #14181c; --card: #1d2329; --mark: #3cc79f;
    --bad: #e58069; --edge: #76818caa; color-scheme: dark; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); line-height: 1.5;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p { margin: .4rem 0; max-width: 62rem; }
.soft { color: var(--soft); font-size: .92rem; }
.answer { background: var(--card); border-left: 4px solid var(--mark); padding: .6rem 1rem; border-radius: 4px; }
.answer p { font-size: 1.03rem; } .answer p:first-child { font-size: 1.2rem; line-height: 1.4; }
nav { display: flex; flex-wrap: wrap; gap: .1rem .9rem; font-size: .9rem; margin-top: .75rem; }
a { color: var(--mark); }
.scroll { overflow-x: auto; margin: .5rem 0; background-repeat: no-repeat; background-image:
  linear-gradient(to right, var(--back) 40%, transparent), linear-gradient(to left, var(--back) 40%, transparent),
  linear-gradient(to right, var(--edge), transparent), linear-gradient(to left, var(--edge), transparent);
  background-position: 0 0, 100% 0, 0 0, 100% 0; background-size: 3rem 100%, 3rem 100%, 1rem 100%, 1rem 100%;
  background-attachment: local, local, scroll, scroll; }
table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .4rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
td.number, th.number { text-align: right; } td.number { white-space: nowrap; }
td.wide { min-width: 14rem; }
.shares { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .8rem; align-items: center;
  font-size: .9rem; margin: .75rem 0; }
.bar { display: flex; height: 1.15rem; border-radius: 3px; overflow: hidden; background: var(--line); }
.bar span { color: #fff; font-size: .72rem; padding: 0 .35rem; overflow: hidden; white-space: nowrap;
  line-height: 1.15rem; }
.real { background: #0d7d60; } .filled { background: #4d8f2f; } .tmy { background: #8a6d1a; }
.synthetic { background: #b0432a; } .missing { background: #77808a; }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; vertical-align: -1px; }
.plot { width: 100%; min-height: 200px; margin: .5rem 0; }
.parts { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5rem; }
.parts > div { min-width: 0; grid-column: 1 / -1; } .parts > .half { grid-column: auto; }
.multiples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 0 1.25rem; }
.multiples > div { min-width: 0; break-inside: avoid; }
h4 { font-size: .92rem; margin: .75rem 0 0; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .85rem; max-width: none; }
summary { cursor: pointer; font-size: .9rem; color: var(--soft); }
code { font-size: .88em; overflow-wrap: anywhere; }
.holds { color: var(--mark); font-weight: 600; } .fails { color: var(--bad); font-weight: 600; }
@media (max-width: 50rem) { .parts { grid-template-columns: minmax(0, 1fr); } body { font-size: 15px; }
  main { padding: 1rem .75rem; }
  .shares { grid-template-columns: 1fr; gap: .1rem; } .shares .bar { margin-bottom: .4rem; } }
@page { margin: 12mm; }
@media print { nav { display: none; } main { max-width: none; padding: 5mm; } .scroll { overflow: visible; }
  .scroll { background: none; } table { font-size: .66rem; } .parts { grid-template-columns: minmax(0, 1fr); }
  .plot { height: auto !important; min-height: 0; } .plot * { max-width: 100%; }
  .plot { max-width: 190mm; } .plot, tr, h3, .answer p { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .answer { -webkit-box-decoration-break: clone; box-decoration-break: clone; }
  .bar, .answer, .key { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
"""

SCRIPT = """
(function () {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  function themed(layout, isDark, width) {
    const ink = isDark ? '#e4e8ec' : '#1d2329', grid = isDark ? '#343c45' : '#e3e7ec';
    const zero = isDark ? '#76818c' : '#8b929c', narrow = (width || window.innerWidth) < 640;
    const axis = {gridcolor: grid, zerolinecolor: zero, linecolor: grid, automargin: true,
      tickfont: {size: narrow ? 9 : 12}};
    return Object.assign({}, layout, {width: width, autosize: !width,
      template: {layout: {font: {color: ink, size: narrow ? 11 : 12, family: 'system-ui, "DejaVu Sans", sans-serif'},
        paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', xaxis: axis, yaxis: axis,
        hoverlabel: {bgcolor: isDark ? '#1d2329' : '#ffffff', font: {color: ink}}}},
      margin: {l: narrow ? 44 : 60, r: narrow ? 10 : 24, t: 28, b: 48},
      legend: {orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0, font: {size: narrow ? 10 : 12}}
    });
  }
  function draw(isDark, printed) {
    for (const [id, figure] of Object.entries(figures)) {
      const place = document.getElementById(id), small = place.closest('.multiples');
      const width = printed ? (small ? 330 : 680) : undefined;  // a page is narrower than the window it is printed from
      Plotly.react(id, figure.data, themed(figure.layout, isDark, width), {responsive: !printed, displaylogo: false,
        displayModeBar: false});
      fitted(place, printed);
    }
  }
  function fitted(place, printed) {  // as wide as the paper, which may lie on its side: nobody tells a page which it is
    place.querySelectorAll('.svg-container').forEach(function (box) {
      const svgs = box.querySelectorAll(':scope > .main-svg');
      const size = [box.style.width, box.style.height].map(parseFloat);
      if (printed) {
        svgs.forEach(function (svg) {
          svg.setAttribute('viewBox', '0 0 ' + size.join(' '));
          svg.style.width = '100%'; svg.style.height = '100%';
        });
        box.style.cssText += ';width:100%;height:auto;aspect-ratio:' + size.join('/');
      } else {
        svgs.forEach(function (svg) { svg.removeAttribute('viewBox'); svg.style.width = svg.style.height = ''; });
        box.style.aspectRatio = '';
      }
    });
  }
  draw(dark.matches);
  dark.addEventListener('change', function (event) { draw(event.matches); });
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (details) { details.open = true; });
    draw(false, true);
  });
  window.addEventListener('afterprint', function () { draw(dark.matches); });
})();
"""
