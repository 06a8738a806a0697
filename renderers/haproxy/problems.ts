import { doubt, mistake, serviceOf, servicePlace, type Finding, type Lab } from '../renderer.ts'
import { remedyForName } from '../nearest.ts'
import { unknownMembers } from '../unknown-name.ts'
import type { Frontend, HaproxyService } from './definition.ts'
import { listening } from './listening.ts'
import { servers } from './server-problems.ts'

/**
 * What `haproxy -c` finds only on the host, and what it does not find at all: a route to a backend that is not there, two frontends at one port,
 * which share what comes in between them, a port that is somebody else's already.
 */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<HaproxyService>(lab, 'haproxy')
  if (service === null) return []
  const frontends = Object.entries(service.frontends)
  return [
    ...unknownMembers(lab, service.hosts, servicePlace('haproxy', 'hosts')),
    ...listening(lab, service),
    ...frontends.flatMap(([name, one]) => [
      ...leads(name, one),
      ...httpOnly(name, one),
      ...targetsOf(name, one).flatMap((target) => reached(service, one, target)),
    ]),
    ...Object.keys(service.backends).flatMap((name) => unused(service, name)),
    ...servers(lab, service),
  ]
}

interface Target {
  readonly backend: string
  readonly path: readonly string[]
}

function targetsOf(name: string, { backend, routes = {} }: Frontend): readonly Target[] {
  const own = backend === undefined ? [] : [{ backend, path: ['frontends', name, 'backend'] }]
  return [
    ...own,
    ...Object.entries(routes).map(([host, to]) => ({ backend: to, path: ['frontends', name, 'routes', host] })),
  ]
}

function reached(service: HaproxyService, { mode = 'http' }: Frontend, target: Target): readonly Finding[] {
  const at = servicePlace('haproxy', ...target.path)
  const backend = service.backends[target.backend]
  if (backend === undefined) {
    const help = remedyForName(target.backend, Object.keys(service.backends), 'backend')
    return [mistake('unknown-backend', at, `there is no backend "${target.backend}"`, help)]
  }
  const other = backend.mode ?? 'http'
  if (other === mode) return []
  const message = `the frontend is of mode ${mode}, and "${target.backend}" is of mode ${other}`
  return [mistake('modes-differ', at, message, `give both the same "mode:"; where it is left out, it is http`)]
}

function leads(name: string, one: Frontend): readonly Finding[] {
  const redirectsAll = one.redirect !== undefined && one.listen.every(({ certificate }) => certificate === undefined)
  if (redirectsAll || targetsOf(name, one).length > 0) return []
  const message = `"${name}" leads to no backend: every client gets an error`
  return [mistake('leads-nowhere', servicePlace('haproxy', 'frontends', name), message, 'add "backend:" or "routes:"')]
}

/** In mode tcp HAProxy sees bytes; it would take no notice of either. */
function httpOnly(name: string, one: Frontend): readonly Finding[] {
  if (one.mode !== 'tcp') return []
  const keys = (['redirect', 'routes'] as const).filter((key) => one[key] !== undefined)
  return keys.map((key) => {
    const at = servicePlace('haproxy', 'frontends', name, key)
    const message = `"${name}" is of mode tcp, in which nobody reads requests: "${key}" would do nothing`
    return { ...mistake('needs-http', at, message, `leave out "mode: tcp" or "${key}:"`), onKey: true }
  })
}

function unused(service: HaproxyService, name: string): readonly Finding[] {
  const targets = Object.entries(service.frontends).flatMap(([frontend, one]) => targetsOf(frontend, one))
  if (targets.some(({ backend }) => backend === name)) return []
  const at = servicePlace('haproxy', 'backends', name)
  const finding = doubt('backend-unused', at, `no frontend leads to "${name}"`, 'name it in a frontend, or take it out')
  return [{ ...finding, onKey: true }]
}
