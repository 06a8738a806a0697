/** A small lab for deployments: hosts with one web service, two of which have to serve at any time. */
import type { Host, Lab, Renderer } from '../../renderers/renderer.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'

export interface Web {
  /** What the service says. */
  readonly body: string
  /** The unit that the probe asks for; one that does not exist makes it fail. */
  readonly asks?: string
  /** Whether a second file is there, and a third one with a secret. */
  readonly more?: boolean
  /** What the unit is told, in the end, when a file changed; "reload" where it is not given. */
  readonly tells?: 'reload' | 'restart'
}

/** One service, by the interface that all renderers have. */
export const web: Renderer = {
  service: 'web',
  version: 1,
  schema: { type: 'object' },
  problems: () => [],
  settings: (lab) => {
    const { byHost, ...all } = lab.services['web'] as unknown as Web & { byHost?: Record<string, Web> }
    return Object.fromEntries(Object.keys(lab.hosts).map((host) => [host, { ...all, ...byHost?.[host] }]))
  },
  parts: (host, settings) => {
    const { body, asks = 'web.service', more = false, tells = 'reload' } = settings as unknown as Web
    const onChange = {
      acts: [
        { unit: 'web.service', do: 'enable' },
        { unit: 'web.service', do: 'start' },
        { unit: 'web.service', do: tells },
      ],
      interrupts: [`web@${host}`],
      maxSeconds: 2,
    } as const
    const file = { mode: '0644', owner: 'root:root', store: 'disk', from: [], onChange } as const
    const extra = [
      { ...file, path: '/etc/web/sites/new/extra.conf', text: ['extra\n'] },
      {
        ...file,
        mode: '0600',
        path: '/etc/web/key.priv',
        text: [{ secret: `web.${host}`, kind: 'text', half: 'whole' }, '\n'],
      },
    ] as const
    return [
      {
        id: 'web',
        layer: 1,
        reach: 'host',
        files: [{ ...file, path: '/etc/web/web.conf', text: [`${body}\n`] }, ...(more ? extra : [])],
        onRemove: {
          acts: [
            { unit: 'web.service', do: 'stop' },
            { unit: 'web.service', do: 'disable' },
          ],
          interrupts: [`web@${host}`],
          maxSeconds: 2,
        },
        needs: { packages: { web: '/usr/sbin/web' }, directories: ['/etc/web'] },
        check: [
          { title: 'web accepts its file', run: ['nft', '-c', '-f', '/etc/web/web.conf'], exit: [0], withinSeconds: 0 },
        ],
        probe: [{ title: 'web is active', run: ['systemctl', 'is-active', asks], exit: [0], withinSeconds: 2 }],
      },
    ]
  },
  groups: (all) => [
    {
      id: 'web',
      kind: 'pool',
      minimum: 2,
      soakSeconds: 3,
      members: Object.keys(all).map((host) => ({
        id: `web@${host}`,
        host,
        votes: 1,
        needs: [],
        provides: [],
        up: [
          { title: `web@${host} serves`, run: ['systemctl', 'is-active', 'web.service'], exit: [0], withinSeconds: 3 },
        ],
      })),
      agree: [],
    },
  ],
  transition: () => ({ kind: 'rolling' }),
}

/** `byHost`: settings that differ on a host. */
export function smallRendering(
  settings: Web,
  byHost: Readonly<Record<string, Partial<Web>>> = {},
  hosts = ['n1', 'n2', 'n3'],
  user = 'root',
): Rendering {
  return renderLab({ ...smallLab(hosts, user), services: { web: { ...settings, byHost } } }, [web], {}).rendering
}

/** The hosts of it, without any service. */
export function smallLab(hosts: readonly string[], user = 'root'): Lab {
  return {
    name: 'small',
    domain: null,
    management: { user, port: 22, network: 'public' },
    networks: {
      public: {
        name: 'public',
        title: 'Public',
        carrier: 'physical',
        subnets: [],
        interface: null,
        bridge: null,
        mtu: null,
        router: [],
      },
    },
    hosts: Object.fromEntries(hosts.map((name, index) => [name, node(name, index + 1)])),
    services: {},
    files: {},
  }
}

function node(name: string, id: number): Host {
  const addresses = [{ ip: `192.0.2.${10 + id}`, prefix: 24, family: 4 as const }]
  return {
    name,
    kind: 'node',
    title: name,
    platform: 'debian',
    id,
    tags: [],
    addresses: { public: { network: 'public', addresses, gateways: [], line: null, port: 'eno1' } },
    guest: null,
  }
}
