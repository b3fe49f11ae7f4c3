/** What panels of all dashboards share: their source, their queries and how they look, in Grafana's classic schema. */

/** What is picked above; Grafana puts its uid there. */
export const SOURCE = { type: 'prometheus', uid: `\${datasource}` }

/** Series of the providers and models that are picked above. */
export const PICKED = 'provider=~"$provider",model=~"$model"'

/**
 * A part of a whole. Where the whole is and the part is not, it is 0: a counter that nothing has been added to is not there.
 *
 * @param by labels by which to tell apart
 */
export const share = (part, whole, by) => {
  const sum = (of) => (by === undefined ? `sum(${of})` : `sum by (${by}) (${of})`)
  return `(${sum(part)} or 0 * ${sum(whole)}) / ${sum(whole)}`
}

/** Nothing, where nothing has been counted. */
export const count = (of) => `sum(${of}) or vector(0)`

const target = ({ expr, legend = '', instant = false, format = 'time_series' }, index) => ({
  refId: String.fromCharCode(65 + index),
  datasource: SOURCE,
  editorMode: 'code',
  expr,
  legendFormat: legend,
  instant,
  range: !instant,
  format,
})

/** Green below the first of them, then orange, then red; the other way round with `[high, low]`. */
const thresholds = (limits = []) => {
  const [first, second] = limits
  if (first === undefined) return { mode: 'absolute', steps: [{ color: 'green', value: null }] }
  const falling = second !== undefined && second < first
  const [low, high] = falling ? [second, first] : [first, second]
  const colors = falling ? ['red', 'orange', 'green'] : ['green', 'orange', 'red']
  const steps = [
    { color: colors[0], value: null },
    { color: second === undefined ? 'red' : colors[1], value: low },
  ]
  return { mode: 'absolute', steps: high === undefined ? steps : [...steps, { color: colors[2], value: high }] }
}

const panel = (type, { title, about, queries, unit = 'short', limits, min, max, mappings }, rest) => ({
  type,
  title,
  description: about,
  datasource: SOURCE,
  targets: queries.map(target),
  fieldConfig: {
    defaults: {
      unit,
      thresholds: thresholds(limits),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(mappings === undefined ? {} : { mappings }),
      ...rest.defaults,
    },
    overrides: rest.overrides ?? [],
  },
  options: rest.options,
})

const LAST = { calcs: ['lastNotNull'], fields: '', values: false }

/** One figure, of the whole range or of now. */
export const stat = (spec) =>
  panel('stat', instantly(spec), {
    defaults: { color: { mode: 'thresholds' } },
    options: {
      reduceOptions: LAST,
      colorMode: spec.limits || spec.mappings ? 'value' : 'none',
      graphMode: 'none',
      textMode: spec.textMode ?? 'auto',
      orientation: 'auto',
      justifyMode: 'auto',
    },
  })

/** One bar for each of the few that are ahead. */
export const bars = (spec) =>
  panel('bargauge', instantly(spec), {
    defaults: { color: { mode: spec.limits ? 'thresholds' : 'palette-classic' }, min: 0 },
    options: { reduceOptions: LAST, displayMode: 'basic', orientation: 'horizontal', showUnfilled: false },
  })

/** Values over time as lines, or as areas that add up. */
export const lines = (spec) =>
  panel('timeseries', spec, {
    defaults: {
      min: spec.min ?? 0,
      color: { mode: 'palette-classic' },
      custom: {
        drawStyle: 'line',
        lineWidth: 1,
        fillOpacity: spec.stacked ? 30 : 5,
        showPoints: 'auto',
        spanNulls: false,
        stacking: { mode: spec.stacked ? 'normal' : 'none', group: 'A' },
        ...(spec.log ? { scaleDistribution: { type: 'log', log: 10 } } : {}),
        ...(spec.limits ? { thresholdsStyle: { mode: 'line' } } : {}),
      },
    },
    options: {
      legend: { displayMode: 'table', placement: 'bottom', calcs: ['mean', 'max', 'lastNotNull'], showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  })

/** Which of a few states something was in, over time. */
export const states = (spec) =>
  panel('state-timeline', spec, {
    defaults: { color: { mode: 'thresholds' }, custom: { fillOpacity: 70, lineWidth: 0 } },
    options: { mergeValues: true, showValue: 'never', rowHeight: 0.9, legend: { showLegend: false } },
  })

/** How many were how large, over time. */
export const heatmap = (spec) =>
  panel(
    'heatmap',
    { ...spec, queries: spec.queries.map((query) => ({ ...query, format: 'heatmap' })) },
    {
      options: {
        calculate: false,
        yAxis: { unit: spec.unit },
        color: { mode: 'scheme', scheme: 'Blues', steps: 64 },
        cellGap: 1,
        legend: { show: true },
        tooltip: { mode: 'single' },
      },
    },
  )

/** One row for each set of labels, a column for each query. */
export const table = (spec) =>
  panel(
    'table',
    { ...spec, queries: spec.queries.map((query) => ({ ...query, instant: true, format: 'table' })) },
    {
      overrides: spec.queries.map(({ unit }, index) => ({
        matcher: { id: 'byName', options: spec.queries[index].column },
        properties: [{ id: 'unit', value: unit }],
      })),
      options: { showHeader: true, sortBy: [{ displayName: spec.queries[0].column, desc: true }] },
    },
  )

/** The columns of a table, joined by their labels and named. */
export const joined = (spec) => ({
  ...table(spec),
  transformations: [
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        renameByName: Object.fromEntries(
          spec.queries.map(({ column }, index) => [
            spec.queries.length === 1 ? 'Value' : `Value #${String.fromCharCode(65 + index)}`,
            column,
          ]),
        ),
      },
    },
  ],
})

const instantly = (spec) => ({ ...spec, queries: spec.queries.map((query) => ({ ...query, instant: true })) })
