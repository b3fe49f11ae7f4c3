import { expect, it } from 'vitest'
import { RequestCounts } from './request-counts.ts'

it('counts answers by route and class of status', () => {
  const requests = new RequestCounts()
  for (const status of [200, 204, 404, 503]) requests.count('/api/v1/events', status)
  requests.count('/ws', 101)
  expect(requests.list()).toEqual([
    { route: '/api/v1/events', status: '2xx', count: 2 },
    { route: '/api/v1/events', status: '4xx', count: 1 },
    { route: '/api/v1/events', status: '5xx', count: 1 },
    { route: '/ws', status: '1xx', count: 1 },
  ])
})

it('has a bounded number of series, whose sum is exact', () => {
  const requests = new RequestCounts()
  requests.count('/first', 200)
  for (let round = 0; round < 2; round++)
    for (let route = 0; route < 500; route++) for (const status of [200, 400]) requests.count(`/${route}`, status)
  requests.count('/first', 200)
  const series = requests.list()
  expect(series.length).toBeLessThanOrEqual(62)
  expect(series.reduce((sum, { count }) => sum + count, 0)).toBe(2_002)
  expect(series.find(({ route }) => route === '/first')).toMatchObject({ count: 2 })
  expect(new Set(series.map(({ route, status }) => JSON.stringify([route, status]))).size).toBe(series.length)
})
