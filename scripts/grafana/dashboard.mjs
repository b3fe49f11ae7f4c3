import { SOURCE } from './panel.mjs'

/** A dashboard of rows of panels that share the width, in Grafana's classic schema: no id, a uid that stays. */

const WIDTH = 24

const choice = (name, label, query) => ({
  name,
  label,
  type: 'query',
  datasource: SOURCE,
  definition: query,
  query: { query, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  // Also what has no such label.
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
  options: [],
})

const SOURCES = {
  name: 'datasource',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
  regex: '',
  current: {},
  options: [],
  refresh: 1,
  multi: false,
  includeAll: false,
}

/**
 * @param picks the family by whose labels `provider` and `model` can be picked, or undefined where there is nothing to pick
 */
export function dashboard({ uid, title, about, picks, rows }) {
  let id = 0
  let y = 0
  const panels = []
  for (const { name, height, panels: own } of rows) {
    if (name !== undefined) {
      panels.push({
        id: ++id,
        type: 'row',
        title: name,
        collapsed: false,
        gridPos: { x: 0, y, w: WIDTH, h: 1 },
        panels: [],
      })
      y += 1
    }
    const w = Math.floor(WIDTH / own.length)
    for (const [index, panel] of own.entries()) {
      const last = index === own.length - 1
      panels.push({
        id: ++id,
        gridPos: { x: index * w, y, w: last ? WIDTH - index * w : w, h: height },
        ...panel,
      })
    }
    y += height
  }
  return {
    uid,
    title,
    description: about,
    tags: ['tallystick', 'llm'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: 'now-24h', to: 'now' },
    timezone: '',
    weekStart: '',
    fiscalYearStartMonth: 0,
    liveNow: false,
    annotations: { list: [] },
    links: [
      {
        title: 'Tallystick',
        type: 'dashboards',
        tags: ['tallystick'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        icon: 'external link',
        tooltip: '',
        url: '',
      },
    ],
    templating: {
      list: [
        SOURCES,
        ...(picks === undefined
          ? []
          : [
              choice('provider', 'Provider', `label_values(${picks}, provider)`),
              choice('model', 'Model', `label_values(${picks}{provider=~"$provider"}, model)`),
            ]),
      ],
    },
    panels,
  }
}
