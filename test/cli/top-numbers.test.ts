import { describe, expect, test } from 'vitest'
import { showBytes, showCount, showMs, showQuantile, showRate, showSpan } from '../../src/cli/top/figures.ts'
import { EMPTY, growth, type History, quantile, rates, remember } from '../../src/cli/top/history.ts'
import { parseScrape } from '../../src/cli/top/scrape.ts'
import { sparkline } from '../../src/cli/tui/sparkline.ts'

/** Samples, each with its second and its counters. */
function historyOf(...looks: [second: number, counters: Record<string, number>][]): History {
  return looks.reduce(
    (history, [second, counters]) => remember(history, { at: second * 1000, counters }, 3_600_000),
    EMPTY,
  )
}

describe('counters', () => {
  test('counts from before the first look are not shown as new', () => {
    const history = historyOf([10, { requests: 1000 }], [12, { requests: 1010 }])

    expect(growth(history, 'requests', 60_000)).toBe(10)
  })

  test('a restarted daemon does not reduce a count', () => {
    const history = historyOf([0, { requests: 1000 }], [2, { requests: 1100 }], [4, { requests: 7 }])

    expect(growth(history, 'requests', 60_000)).toBe(107)
  })

  test('a counter that appears for the first time started at zero', () => {
    const history = historyOf([0, {}], [2, { errors: 3 }])

    expect(growth(history, 'errors', 60_000)).toBe(3)
  })

  test('only the window counts, even if it begins between two looks', () => {
    const history = historyOf([0, { requests: 0 }], [10, { requests: 100 }], [20, { requests: 300 }])

    expect(growth(history, 'requests', 15_000)).toBe(250)
  })

  test('looks older than the window are dropped, except the last one before it', () => {
    const looks = Array.from({ length: 100 }, (_, second) => ({ at: second * 1000, counters: { requests: second } }))

    const history = looks.reduce((before, look) => remember(before, look, 10_000), EMPTY)

    expect(history.moments.map(({ at }) => at / 1000)).toEqual([88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
    expect(growth(history, 'requests', 10_000)).toBe(10)
  })
})

describe('a curve', () => {
  test('has rates per second in its slices, and gaps without a look', () => {
    const history = historyOf([10, { requests: 0 }], [20, { requests: 50 }], [30, { requests: 250 }])

    expect(rates(history, 'requests', { windowMs: 40_000, slices: 4 })).toEqual([null, null, 5, 20])
  })

  test('counts a partly seen slice in proportion', () => {
    const history = historyOf([10, { requests: 0 }], [15, { requests: 50 }])

    expect(rates(history, 'requests', { windowMs: 20_000, slices: 2 })).toEqual([null, 10])
  })

  test('has no rate after one look', () => {
    expect(rates(historyOf([10, { requests: 5 }]), 'requests', { windowMs: 20_000, slices: 2 })).toEqual([null, null])
  })

  test('is drawn with its highest value at the top, small values above zero, and unknown ones blank', () => {
    expect(sparkline([null, 0, 0.01, 50, 100], { isUnicode: true })).toBe(' ▁▂▅█')
    expect(sparkline([null, 0, 0.01, 50, 100], { isUnicode: false })).toBe(' _.+@')
    expect(sparkline([0, 0], { isUnicode: true })).toBe('▁▁')
  })
})

describe('a quantile', () => {
  const history = historyOf(
    [0, { 'le:0.005': 100, 'le:0.01': 100, 'le:0.1': 100, 'le:+Inf': 100 }],
    [10, { 'le:0.005': 150, 'le:0.01': 190, 'le:0.1': 198, 'le:+Inf': 200 }],
  )

  test('covers the requests between two looks, not all since the start', () => {
    const median = quantile(history, 0.6, 60_000)

    expect(median?.kind).toBe('about')
    expect(median?.seconds).toBeCloseTo(0.00625, 5)
  })

  test('says "less than" in the first bucket and "more than" beyond the last', () => {
    expect(quantile(history, 0.5, 60_000)).toEqual({ kind: 'atMost', seconds: 0.005 })
    expect(quantile(history, 0.99, 60_000)).toEqual({ kind: 'above', seconds: 0.1 })
  })

  test('is undefined without requests', () => {
    expect(quantile(EMPTY, 0.5, 60_000)).toBeUndefined()
    expect(quantile(historyOf([0, { 'le:+Inf': 5 }], [9, { 'le:+Inf': 5 }]), 0.5, 60_000)).toBeUndefined()
  })
})

describe('a scrape', () => {
  const TEXT = `# HELP http_request_duration_seconds Time.
http_request_duration_seconds_bucket{le="0.005",method="GET",path="/signin",status="200"} 3
http_request_duration_seconds_bucket{le="+Inf",method="GET",path="/signin",status="200"} 4
http_request_duration_seconds_count{method="GET",path="/signin",status="200"} 4
http_request_duration_seconds_bucket{le="0.005",method="POST",path="/v1/signin",status="503"} 1
http_request_duration_seconds_bucket{le="+Inf",method="POST",path="/v1/signin",status="503"} 2
http_request_duration_seconds_count{method="POST",path="/v1/signin",status="503"} 2
http_request_duration_seconds_count{method="GET",path="/metrics",status="200"} 1000
nodejs_eventloop_lag_p99_seconds 0.0125
process_start_time_seconds 1795713176
process_resident_memory_bytes 175140864
process_cpu_seconds_total 0.5
authd_build_info{version="1.2.3",commit="a\\"b",node="24"} 1
`

  test('adds up served requests without those of the scrape itself', () => {
    const { counters } = parseScrape(TEXT)

    expect(counters).toEqual({ requests: 6, errors: 2, 'le:0.005': 4, 'le:+Inf': 6 })
  })

  test('has the figures of the process, and does not count the timer period as lag', () => {
    const scrape = parseScrape(TEXT)

    expect(scrape).toMatchObject({ version: '1.2.3', startedAt: 1_795_713_176_000, residentBytes: 175_140_864 })
    expect(scrape.loopLagMs).toBeCloseTo(2.5, 5)
  })

  test('of an unknown format gives no figures', () => {
    expect(parseScrape('<html>502</html>\n{}\nx NaN')).toMatchObject({
      version: null,
      startedAt: null,
      loopLagMs: null,
      counters: { requests: 0, errors: 0 },
    })
  })
})

test('figures are short, and exact if small', () => {
  expect([0, 999, 9999, 12_345, 1_234_567].map(showCount)).toEqual(['0', '999', '9999', '12.3k', '1.2M'])
  expect([0, 0.05, 1.23, 38.4, 12_345].map(showRate)).toEqual(['0/s', '0.05/s', '1.2/s', '38/s', '12.3k/s'])
  expect([0, 0.34, 9.96, 41.2, 1234].map(showMs)).toEqual(['0 ms', '0.3 ms', '10 ms', '41 ms', '1.2 s'])
  expect([4096, 1_200_000, 94_000_000, 1.25e9].map(showBytes)).toEqual(['4 kB', '1.2 MB', '94 MB', '1.3 GB'])
  expect([0, 7000, 302_000, 3_600_000, 1_051_200_000].map(showSpan)).toEqual(['0s', '7s', '5m 2s', '1h', '12d 4h'])
  expect(showQuantile({ kind: 'above', seconds: 10 })).toBe('>10.0 s')
})
