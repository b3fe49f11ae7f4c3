import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { CONFIG_KEYS } from '../../packages/server/src/config/keys.ts'
import { ROOT } from '../e2e/cli.ts'
import { freePort } from '../metrics/testing/prometheus.ts'
import { copiesOf, environmentOf, type Stage, stagesOf, textsOf } from './testing/dockerfile.ts'

const at = (path: string): string => join(ROOT, 'deploy', path)
const text = (path: string): string => readFileSync(at(path), 'utf8')
const stages = stagesOf(text('Dockerfile'))
const last = stages.at(-1) as Stage
const list = (name: string): string[] => JSON.parse(textsOf(last, name)[0] as string) as string[]
const VARIABLES: ReadonlySet<string> = new Set(CONFIG_KEYS.map(({ env }) => env))
const isSetting = (name: string): boolean => !name.startsWith('TALLYSTICK_') || VARIABLES.has(name)

describe('the Dockerfile', () => {
  it('copies from the context what is there and not left out, and from stages that came before', () => {
    const kept = text('Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    for (const [index, stage] of stages.entries())
      for (const { stage: from, sources } of copiesOf(stage))
        if (from !== undefined) expect(stages.slice(0, index).map(({ name }) => name)).toContain(from)
        else
          for (const source of sources) {
            expect(existsSync(join(ROOT, source)), source).toBe(true)
            expect(kept, source).toContain(source.split('/')[0])
          }
  })

  it('installs without the scripts of packages, on the Node that the packages ask for', () => {
    for (const { from } of stages) expect(from).toMatch(/^node:(2[02])-bookworm-slim$/)
    const runs = stages.flatMap((stage) => textsOf(stage, 'RUN'))
    for (const run of runs.filter((one) => /npm (ci|install)/.test(one))) expect(run).toContain('--ignore-scripts')
    expect(readFileSync(join(ROOT, 'scripts/steps.mjs'), 'utf8')).toMatch(/'ci',.*'--ignore-scripts'/)
  })

  it('runs as nobody in particular, with settings that there are', () => {
    expect(textsOf(last, 'USER')).toEqual(['node'])
    expect(textsOf(last, 'VOLUME')).toEqual(['/data'])
    expect(Object.keys(environmentOf(last)).filter((name) => !isSetting(name))).toEqual([])
  })
})

describe('what the image holds', () => {
  const home = mkdtempSync(join(tmpdir(), 'tallystick-image-'))
  const data = join(home, 'data')
  let server: ChildProcess
  let port: number
  /** The image's own paths, where they are here. */
  const here = (part: string): string => part.replace(/^\/app\//, `${home}/`).replace(/^node$/, process.execPath)
  const env = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    ...environmentOf(last),
    // No other machine is to reach a test.
    TALLYSTICK_HOST: '127.0.0.1',
    TALLYSTICK_DATA_DIR: data,
    TALLYSTICK_PORT: String(port),
  })

  beforeAll(async () => {
    port = await freePort()
    for (const { stage, sources, to } of copiesOf(last))
      for (const source of sources) {
        const from = join(ROOT, stage === undefined ? source : source.replace(/^\/src\//, ''))
        const target = to.endsWith('/') ? join(home, to, from.split('/').at(-1) as string) : join(home, to)
        spawnSync('mkdir', ['-p', dirname(target)])
        symlinkSync(from, target)
      }
    const [command, ...args] = [...list('ENTRYPOINT'), ...list('CMD')].map(here)
    server = spawn(command as string, ['--preserve-symlinks', '--preserve-symlinks-main', ...args], {
      cwd: home,
      env: env(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((done) => server.stdout?.on('data', (told) => /answers at/.test(String(told)) && done()))
  })
  afterAll(() => {
    server.kill('SIGKILL')
    rmSync(home, { recursive: true, force: true })
  })

  it('starts with the command line of the image, is healthy, ends on SIGTERM, and is not healthy then', async () => {
    const health = textsOf(last, 'HEALTHCHECK')[0]?.replace(/^.*?CMD /, '') as string
    const [command, ...args] = (JSON.parse(health) as string[]).map(here)
    const check = (): number | null => spawnSync(command as string, args, { env: env() }).status
    expect(check()).toBe(0)
    const ended = new Promise((done) => server.once('close', done))
    server.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(check()).toBe(1)
  })
})

interface Service {
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly profiles?: readonly string[]
}

describe('compose.yaml', () => {
  const { services, volumes } = parse(text('compose.yaml')) as {
    services: Record<string, Service>
    volumes: Record<string, unknown>
  }

  it('is reached from this machine only, and starts what is optional only when asked', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? [])
    expect(ports).toHaveLength(3)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
    expect(Object.keys(services).filter((name) => services[name]?.profiles === undefined)).toEqual([
      'tallystick',
      'prometheus',
      'grafana',
    ])
  })

  it('holds no secret, and only settings that there are', () => {
    for (const [name, { environment = {} }] of Object.entries(services))
      for (const [variable, value] of Object.entries(environment)) {
        expect(isSetting(variable), `${name}: ${variable}`).toBe(true)
        if (/PASSWORD|SECRET|TOKEN/.test(variable)) expect(value, variable).toMatch(/^\$\{/)
      }
  })

  it('mounts files that are there and volumes that it declares, and names versions', () => {
    for (const [name, service] of Object.entries(services)) {
      if (name !== 'tallystick') expect(service.image).toMatch(/:\$\{[A-Z_]+:-[\w.-]+\}$/)
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':')
        if (source.startsWith('.')) expect(existsSync(join(ROOT, 'deploy', source)), source).toBe(true)
        else expect(volumes).toHaveProperty([source])
      }
    }
  })

  it('has Grafana find the dashboards and Prometheus the server', () => {
    const mounted = (services['grafana']?.volumes ?? []).map((volume) => volume.split(':')[1])
    const [provider] = (parse(text('grafana/provisioning/dashboards/tallystick.yaml')) as Provisioning).providers ?? []
    expect(mounted).toContain(provider?.options.path)
    const [source] = (parse(text('grafana/provisioning/datasources/prometheus.yaml')) as Provisioning).datasources ?? []
    expect(services['grafana']?.environment).toHaveProperty([source?.url.slice(1) as string])
    const [job] = (parse(text('prometheus/compose.yml')) as { scrape_configs: Scrape[] }).scrape_configs
    const [host, port] = job?.static_configs[0]?.targets[0]?.split(':') ?? []
    expect(services).toHaveProperty([host as string])
    expect(services['tallystick']?.environment).toMatchObject({
      TALLYSTICK_METRICS_LISTEN: `0.0.0.0:${port}`,
      TALLYSTICK_ALLOWED_HOSTS: host,
    })
  })
})

interface Scrape {
  readonly static_configs: readonly { readonly targets: readonly string[] }[]
}

interface Provisioning {
  readonly providers?: readonly { readonly options: { readonly path: string } }[]
  readonly datasources?: readonly { readonly url: string }[]
}

interface Manifest {
  readonly kind: string
  readonly spec: {
    readonly replicas: number
    readonly template: { readonly spec: PodSpec }
    readonly selector: unknown
    readonly ports: readonly { readonly name: string; readonly targetPort: string }[]
  }
}

interface PodSpec {
  readonly securityContext: unknown
  readonly volumes: readonly { readonly name: string }[]
  readonly containers: readonly {
    readonly env: readonly { readonly name: string }[]
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
    readonly securityContext: unknown
    readonly readinessProbe: unknown
    readonly livenessProbe: unknown
  }[]
}

describe('the manifests of Kubernetes', () => {
  const manifest = (name: string): Manifest => parse(text(`kubernetes/${name}.yaml`)) as Manifest
  const { replicas, template } = manifest('statefulset').spec
  const [container] = template.spec.containers

  it('run one server, without privileges, that writes to its volume alone', () => {
    expect(replicas).toBe(1)
    expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 })
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/data', '/tmp'])
  })

  it('ask the routes that there are, by ports that there are', () => {
    expect(container).toMatchObject({
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
    })
    const ports = container?.ports.map(({ name }) => name)
    for (const { targetPort } of manifest('service').spec.ports) expect(ports).toContain(targetPort)
    expect(container?.env.map(({ name }) => name).filter((name) => !isSetting(name))).toEqual([])
  })

  it('are all named by the kustomization but the one that needs an operator', () => {
    const { resources } = parse(text('kubernetes/kustomization.yaml')) as { resources: string[] }
    expect(resources).toEqual(['statefulset.yaml', 'service.yaml', 'networkpolicy.yaml'])
    for (const name of [...resources, 'servicemonitor.yaml']) expect(existsSync(at(`kubernetes/${name}`))).toBe(true)
  })
})
