import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ALERTS } from '../../src/platform/monitoring/alerts.ts'

test('the promtool tests expect the texts that the alerts have', () => {
  const path = join(import.meta.dirname, '../../deploy/prometheus/authd.rules.test.yml')
  const texts = new Map(ALERTS.map(({ name, summary, runbook }) => [name, { summary, runbook }]))

  const { tests } = parse(readFileSync(path, 'utf8')) as { tests: { alert_rule_test: ExpectedAlert[] }[] }
  const expected = tests
    .flatMap(({ alert_rule_test }) => alert_rule_test)
    .flatMap(({ alertname, exp_alerts }) => exp_alerts.map(({ exp_annotations }) => [alertname, exp_annotations]))

  expect(expected.length).toBeGreaterThan(0)
  expect(expected).toEqual(expected.map(([name]) => [name, texts.get(String(name))]))
})

interface ExpectedAlert {
  alertname: string
  exp_alerts: { exp_annotations: { summary: string; runbook: string } }[]
}
