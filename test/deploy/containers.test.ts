import { readFileSync } from 'node:fs'
import { BlockList } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { environmentNames } from '../../src/config/names.ts'
import { probeEndpoints } from '../../src/http/routes/probe.ts'
import { parseDuration } from '../../src/platform/duration.ts'
import { folder, NEEDED } from '../support/config-folder.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')
const UID = 10_001
const PORT = 3000
const NAMES = new Set(environmentNames().map(({ name }) => name))

const read = (path: string) => readFileSync(join(DEPLOY, path), 'utf8')
const dockerfile = read('docker/Dockerfile')
const compose = parse(read('docker/compose.yaml'))
const inCluster = (path: string) => parseAllDocuments(read(path)).map((document) => document.toJS())
const deployment = inCluster('kubernetes/authd.yaml').find(({ kind }) => kind === 'Deployment')
const [job] = inCluster('kubernetes/migrate.yaml')
const [container] = deployment.spec.template.spec.containers

/** All environment variables that the compose file and the Kubernetes manifests set. */
function variables(): string[] {
  const image = [...dockerfile.matchAll(/\b(AUTHD_\w+)=/g)].map(([, name = '']) => name)
  const pods = [deployment, job].flatMap(({ spec }) => spec.template.spec.containers[0].env)
  return [...image, ...Object.keys(compose.services.authd.environment), ...pods.map(({ name }) => name)]
}

test('every AUTHD_ variable that the image, compose and Kubernetes set is one that authd knows', () => {
  const unknown = variables().filter((name) => name !== 'AUTHD_CONFIG' && !NAMES.has(name))

  expect(variables().length).toBeGreaterThan(10)
  expect(unknown).toEqual([])
})

test('what compose sets is a valid configuration, with secrets from files that are mounted', () => {
  const here = folder()
  const { environment, secrets } = compose.services.authd
  for (const name of secrets) here.write(`secrets/${name}`, 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F')
  const text = JSON.stringify(environment)
    .replaceAll('/run/secrets/', `${here.path}/secrets/`)
    .replace(/\$\{(\w+)[^}]*\}/g, 'auth.example.com')

  const { config, warnings } = here.load({ env: JSON.parse(text) })

  expect(config.publicUrl).toBe('https://auth.example.com')
  expect(config.smtp.password).toBe('k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F')
  expect(warnings).toEqual([])
  expect(secrets).toEqual(Object.keys(compose.secrets))
})

test('authd trusts only the proxy of compose, at its fixed address', () => {
  const { ipv4_address: proxy } = compose.services.proxy.networks.inside
  const [{ subnet, ip_range: others }] = compose.networks.inside.ipam.config

  expect(compose.services.authd.environment.AUTHD_SERVER_TRUSTED_PROXIES).toBe(proxy)
  expect([subnet, others].map((range) => isInRange(proxy, range))).toEqual([true, false])
  expect(read('docker/Caddyfile')).toContain(`reverse_proxy authd:${PORT}`)
})

test('the ConfigMap, with the variables of the Deployment, is a valid configuration on PostgreSQL', () => {
  const here = folder()
  const env = Object.fromEntries(
    container.env
      .filter(({ name }: { name: string }) => name !== 'AUTHD_CONFIG')
      .map(({ name, value }: { name: string; value: string }) => [
        name,
        value.replace('/run/secrets/authd', `${here.path}/secrets`),
      ]),
  )
  here.write('secrets/database_url', 'postgres://authd@db/authd')
  here.write('secrets/server_secret', 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F')
  here.write('secrets/smtp_password', 'j2Up9y7Il1Wq6Kv4')
  here.write('config.toml', read('kubernetes/config.toml'))

  const { config, warnings } = here.load({ env })

  expect(config.database.url).toBe('postgres://authd@db/authd')
  expect(warnings).toEqual([])
})

test('the probes request existing paths on the configured port', () => {
  const known = probeEndpoints({ version: '', startedAt: 0, isStopping: () => false, isDevelopment: false }).map(
    ({ path }) => path,
  )
  const { startupProbe, livenessProbe, readinessProbe, ports } = container

  const probes = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)

  expect(probes.map(({ path }) => path)).toEqual(['/liveness', '/liveness', '/readiness'])
  expect(known).toEqual(expect.arrayContaining(['/liveness', '/readiness']))
  expect(probes.map(({ port }) => port)).toEqual(Array(3).fill(ports[0].name))
  expect(ports[0].containerPort).toBe(PORT)
  expect(dockerfile).toContain(`EXPOSE ${PORT}\n`)
})

test('nothing runs as root, writes to the root file system, or keeps a capability', () => {
  const pods = [deployment, job].map(({ spec }) => spec.template.spec)

  expect(dockerfile).toContain(`USER ${UID}:${UID}\n`)
  expect(compose.services.authd).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  })
  expect(compose.services.authd).not.toHaveProperty('user')
  expect(pods.map(({ securityContext }) => securityContext)).toEqual(
    Array(2).fill({
      ...{ runAsNonRoot: true, runAsUser: UID, runAsGroup: UID, fsGroup: UID },
      seccompProfile: { type: 'RuntimeDefault' },
    }),
  )
  expect(pods.map(({ containers }) => containers[0].securityContext)).toEqual(
    Array(2).fill({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }),
  )
})

test('the container engine waits longer than authd needs to stop', () => {
  const here = folder()
  here.write('config.toml', NEEDED)
  const shutdown = here.load().config.server.shutdownTimeout
  const { terminationGracePeriodSeconds } = deployment.spec.template.spec
  const asleep = container.lifecycle.preStop.sleep.seconds

  expect(parseDuration(compose.services.authd.stop_grace_period)).toBeGreaterThanOrEqual(shutdown + 5000)
  expect(terminationGracePeriodSeconds * 1000).toBeGreaterThanOrEqual(asleep * 1000 + shutdown + 5000)
})

test('Kubernetes adds no AUTHD_ variables of its own, which would be refused as unknown keys', () => {
  expect([deployment, job].map(({ spec }) => spec.template.spec.enableServiceLinks)).toEqual([false, false])
})

test('Prometheus reaches the metrics on a port of their own, and the ingress does not', () => {
  const here = folder()
  here.write('config.toml', `${read('kubernetes/config.toml')}\n[database]\nurl = "postgres://authd@db/authd"`)
  const { metrics } = here.inspect().config
  const named = new Map(container.ports.map(({ name, containerPort }: Port) => [name, containerPort]))
  const policy = inCluster('kubernetes/authd.yaml').find(({ kind }) => kind === 'NetworkPolicy')
  const admitted = policy.spec.ingress.map(({ from, ports }: { from: unknown; ports: { port: string }[] }) => [
    JSON.stringify(from).match(/"kubernetes.io\/metadata.name":"([\w-]+)"/)?.[1],
    ...ports.map(({ port }) => port),
  ])
  const [monitor] = inCluster('kubernetes/monitoring.yaml')

  expect(metrics.listen).toBe(`0.0.0.0:${named.get('metrics')}`)
  expect(admitted).toEqual([
    ['ingress-nginx', 'http'],
    ['monitoring', 'metrics'],
  ])
  expect(monitor.spec.podMetricsEndpoints).toMatchObject([{ port: 'metrics' }])
  expect(monitor.spec.selector).toEqual(deployment.spec.selector)
})

test('Ingress and HTTPRoute lead the host of public_url to the port of the service', () => {
  const [service] = inCluster('kubernetes/authd.yaml')
  const [ingress] = inCluster('kubernetes/ingress.yaml')
  const [route] = inCluster('kubernetes/httproute.yaml')
  const { name: port, port: number } = service.spec.ports[0]
  const { name } = service.metadata
  const host = new URL(/public_url = "(.*)"/.exec(read('kubernetes/config.toml'))?.[1] ?? '').host

  expect(ingress.spec.tls[0].hosts).toEqual([host])
  expect(ingress.spec.rules).toMatchObject([
    { host, http: { paths: [{ path: '/', backend: { service: { name, port: { name: port } } } }] } },
  ])
  expect(route.spec).toMatchObject({ hostnames: [host], rules: [{ backendRefs: [{ name, port: number }] }] })
})

interface Port {
  name: string
  containerPort: number
}

function isInRange(address: string, range: string): boolean {
  const [network = '', bits] = range.split('/')
  const list = new BlockList()
  list.addSubnet(network, Number(bits))
  return list.check(address)
}
