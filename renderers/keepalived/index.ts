/** keepalived: virtual routers, and other addresses that move, by VRRP over unicast. */
import { addressThere } from '../address-there.ts'
import { hostPlace, movingPlace, servicePlace, type Act, type Part, type Renderer } from '../renderer.ts'
import { template } from '../template.ts'
import { unitActive } from '../unit-active.ts'
import { unitDropIn } from '../unit-drop-in.ts'
import { unitGone } from '../unit-gone.ts'
import { groups } from './groups.ts'
import conf from './keepalived.conf.njk'
import { problems } from './problems.ts'
import schema from './schema.json' with { type: 'json' }
import { settings, type Instance, type KeepalivedSettings } from './settings.ts'
import { transition } from './transition.ts'

export const keepalived: Renderer<KeepalivedSettings> = {
  service: 'keepalived',
  version: 1,
  schema,
  problems,
  settings,
  parts,
  groups,
  transition,
}

const unit = 'keepalived.service'
const path = '/etc/keepalived/keepalived.conf'
const daemonReload: Act = { run: ['systemctl', 'daemon-reload'] }

function parts(host: string, { kind, instances }: KeepalivedSettings): readonly Part[] {
  const node = { name: host, kind }
  const from = [
    ...[...new Set(instances.map((one) => one.router))].map((router) => servicePlace('keepalived', 'routers', router)),
    ...[...new Set(instances.map((one) => one.network))].flatMap((network) => [
      ...[...new Set(instances.filter((one) => one.network === network).map(({ held }) => held))].map((held) =>
        movingPlace(network, held),
      ),
      hostPlace(node, 'addresses', network),
    ]),
  ]
  const interfaces = [...new Set(instances.map((one) => one.interface))].toSorted()
  return [
    {
      id: 'keepalived',
      layer: 3,
      reach: 'host',
      files: [
        {
          path,
          mode: '0640',
          owner: 'root:root',
          store: 'disk',
          text: template(conf, { host, instances: instances.map(withHole) }),
          from,
          // A reload keeps the state of the instances; "start" does nothing where it runs already.
          onChange: {
            acts: [daemonReload, { unit, do: 'enable' }, { unit, do: 'start' }, { unit, do: 'reload' }],
            interrupts: [],
            maxSeconds: 1,
          },
        },
        unitDropIn({ unit, after: ['networking.service'], interfaces, startPost: null, stopPost: null }, from, {
          acts: [daemonReload],
          interrupts: [],
          maxSeconds: 0,
        }),
      ],
      onRemove: {
        acts: unitGone(unit),
        interrupts: [...new Set(instances.map((one) => `keepalived.${one.router}@${host}`))],
        maxSeconds: 5,
      },
      needs: { packages: { keepalived: '/usr/sbin/keepalived' }, directories: ['/etc/keepalived'] },
      check: [
        {
          // keepalived -t answers 0 for a file that is not there.
          title: `${path} is there and not empty`,
          run: ['test', '-s', path],
          exit: [0],
          withinSeconds: 0,
        },
        {
          title: `keepalived accepts ${path}`,
          run: ['keepalived', '-t', '-f', path],
          exit: [0],
          stderrNot: 'error|warn|unknown|invalid|ignor|truncat|deprecat',
          withinSeconds: 0,
        },
      ],
      probe: [unitActive(unit, 10), ...instances.map((one) => addressThere(one.source, one.interface, 10))],
    },
  ]
}

function withHole(instance: Instance) {
  if (instance.password === null) return { ...instance, password: null }
  return { ...instance, password: { secret: instance.password, kind: 'vrrp-password', half: 'whole' } }
}
