import { netId, type Group, type Offer, type PerHost, type Probe } from '../renderer.ts'
import { unitActive } from '../unit-active.ts'
import type { HaproxySettings } from './settings.ts'

export const unit = 'haproxy.service'
/** Only root may open it. */
export const ownSocket = '/run/haproxy/quorate.sock'

/** One pool: one instance has to be there at any time, in the order of the definition. */
export function groups(all: PerHost<HaproxySettings>): readonly Group[] {
  const instances = Object.entries(all).toSorted(([, a], [, b]) => a.rank - b.rank)
  if (instances.length === 0) return []
  return [
    {
      id: 'haproxy',
      kind: 'pool',
      minimum: Math.min(1, instances.length - 1),
      soakSeconds: 3,
      members: instances.map(([host, mine]) => ({
        id: memberId(host),
        host,
        votes: 1,
        needs: mine.networks.map((network) => [netId(network, host)]),
        provides: [],
        up: [unitActive(unit, 10), answers(host), ...serversAnswer(mine)],
      })),
      agree: [],
      offers: offers(Object.values(all)),
    },
  ]
}

/** An instance of the pool. */
export function memberId(host: string): string {
  return `haproxy@${host}`
}

/** What root is told by a path of the daemon's own frontend. curl says on standard error why it got nothing. */
export function toldTo(path: string): readonly string[] {
  return ['curl', '-sS', '--fail', '--max-time', '2', '--unix-socket', ownSocket, `http://localhost${path}`]
}

function answers(host: string): Probe {
  return { title: `haproxy@${host} answers`, run: toldTo('/'), exit: [0], withinSeconds: 10 }
}

function serversAnswer({ backends }: HaproxySettings): readonly Probe[] {
  return backends
    .filter(({ needed }) => needed)
    .map(({ name }) => ({
      title: `a server of "${name}" answers haproxy`,
      run: toldTo('/metrics?scope=backend'),
      exit: [0],
      stdout: String.raw`^haproxy_backend_active_servers\{proxy="${name}"\} [1-9]`,
      // Two checks, two seconds apart, and what they may take.
      withinSeconds: 15,
    }))
}

/** Every frontend at each of its addresses, asked for by guests of the network. */
function offers(all: readonly HaproxySettings[]): readonly Offer[] {
  const found = all.flatMap(({ frontends }) =>
    frontends.flatMap(({ name, sockets }) =>
      sockets.map(({ network, ip: address, port }): Offer => {
        const title = `"${name}" at ${address} port ${port}`
        return { kind: 'port', title, network, address, port }
      }),
    ),
  )
  return [...new Map(found.map((offer) => [offer.title, offer])).values()].toSorted((a, b) =>
    a.title < b.title ? -1 : 1,
  )
}
