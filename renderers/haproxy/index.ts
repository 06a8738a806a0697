/** HAProxy: what comes in by an address and a port goes to one of several servers that are well. */
import { createHash } from 'node:crypto'
import {
  hostPlace,
  networkPlace,
  servicePlace,
  type Act,
  type Effect,
  type File,
  type Part,
  type Place,
  type Renderer,
  type Text,
} from '../renderer.ts'
import { template } from '../template.ts'
import { unitActive } from '../unit-active.ts'
import { unitGone } from '../unit-gone.ts'
import { groups, memberId, ownSocket, toldTo, unit } from './groups.ts'
import conf from './haproxy.cfg.njk'
import hosts from './hosts.njk'
import { portsAreFree } from './port-check.ts'
import { problems } from './problems.ts'
import proxies from './proxies.njk'
import schema from './schema.json' with { type: 'json' }
import { settings, socketText, type HaproxySettings } from './settings.ts'

export const haproxy: Renderer<HaproxySettings> = {
  service: 'haproxy',
  version: 1,
  schema,
  problems,
  settings,
  parts,
  groups,
  // Instances know nothing of each other.
  transition: () => ({ kind: 'rolling' }),
}

const path = '/etc/haproxy/haproxy.cfg'
/** Mozilla's guideline 5.7 has two more, with DHE. TLS 1.3's own are left as they are. */
const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
]
const enable: Act = { unit, do: 'enable' }
/**
 * All of haproxy.cfg and what it names is read by a reload: the master starts over as a new process, which hands its listening sockets on to a new
 * worker. "start" does nothing where it runs already. A restart would cut off every connection. Measured with 2.6.12, six clients asking all the
 * time: no request fails in 24 runs of three reloads; without idle-close-on-response some did in 15 of them, on connections kept alive.
 */
const reload: Effect = { acts: [enable, { unit, do: 'start' }, { unit, do: 'reload' }], interrupts: [], maxSeconds: 0 }

function parts(host: string, mine: HaproxySettings): readonly Part[] {
  const node = { name: host, kind: mine.kind }
  const from = [
    servicePlace('haproxy'),
    ...mine.networks.flatMap((network) => [hostPlace(node, 'addresses', network), networkPlace(network)]),
  ]
  const routes = mine.frontends.filter((one) => one.routes.length > 0)
  const maps = routes.map((one) => file(mapPath(one.name), template(hosts, { routes: one.routes }), from))
  const names = new Set(mine.frontends.flatMap((one) => one.sockets.flatMap(({ certificate }) => certificate ?? [])))
  const certificates = [...names].toSorted().map((name) => {
    const hole = { secret: `haproxy.certificates.${name}`, kind: 'certificate-and-key', half: 'whole' } as const
    return { ...file(certificatePath(name), [hole, '\n'], from), mode: '0600' }
  })
  const fingerprint = fingerprintOf([...configuration(mine, ''), ...maps.flatMap(({ text }) => text)])
  return [
    {
      id: 'haproxy',
      layer: 1,
      reach: 'host',
      files: [file(path, configuration(mine, fingerprint), from), ...maps, ...certificates],
      onRemove: { acts: unitGone(unit), interrupts: [memberId(host)], maxSeconds: 5 },
      needs: { packages: { haproxy: '/usr/sbin/haproxy', curl: '/usr/bin/curl' }, directories: ['/etc/haproxy'] },
      check: [
        { title: `${path} is there and not empty`, run: ['test', '-s', path], exit: [0], withinSeconds: 0 },
        {
          title: `haproxy accepts ${path}`,
          // As Debian's unit calls it before a reload, but for -q, which keeps warnings back.
          run: ['/usr/sbin/haproxy', '-Ws', '-f', path, '-c', '-S', '/run/haproxy-master.sock'],
          exit: [0],
          stderrNot: 'error|warn|alert|unknown|ignor|deprecat',
          withinSeconds: 0,
        },
        portsAreFree(mine),
      ],
      probe: [
        unitActive(unit, 10),
        {
          // Where a reload fails, the old worker goes on, and the unit is active (measured with 2.6.12).
          title: `haproxy@${host} runs what ${path} says`,
          run: toldTo('/'),
          exit: [0],
          stdout: `^${fingerprint}$`,
          withinSeconds: 10,
        },
      ],
    },
  ]
}

function configuration(mine: HaproxySettings, fingerprint: string): Text {
  const { timeouts, backends } = mine
  const metrics = mine.metrics.map(socketText)
  const frontends = mine.frontends.map((one) => ({
    ...one,
    binds: one.sockets.map((socket) => ({
      at: socketText(socket),
      certificate: socket.certificate === null ? null : certificatePath(socket.certificate),
    })),
    map: one.routes.length > 0 ? mapPath(one.name) : null,
  }))
  return [
    ...template(conf, { timeouts, metrics, fingerprint, ciphers, ownSocket, adminSocket: '/run/haproxy/admin.sock' }),
    ...template(proxies, { frontends, backends }),
  ]
}

function certificatePath(name: string): string {
  return `/etc/haproxy/${name}.pem`
}

/** The backends of a frontend's routes. */
function mapPath(frontend: string): string {
  return `/etc/haproxy/${frontend}.map`
}

function file(at: string, text: Text, from: readonly Place[]): File {
  return { path: at, mode: '0644', owner: 'root:root', store: 'disk', text, from, onChange: reload }
}

function fingerprintOf(text: Text): string {
  return createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, 32)
}
