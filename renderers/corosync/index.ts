/** corosync.conf, one for the whole cluster, and what makes the unit wait for its links. */
import { quiet, servicePlace, type Part, type Place, type Renderer } from '../renderer.ts'
import { witnessPart } from './witness-part.ts'
import { unitActive } from '../unit-active.ts'
import { unitDropIn } from '../unit-drop-in.ts'
import { unitGone } from '../unit-gone.ts'
import { confFile } from './conf-file.ts'
import { groups } from './groups.ts'
import { problems } from './problems.ts'
import schema from './schema.json' with { type: 'json' }
import { settings, type CorosyncSettings } from './settings.ts'
import { transition } from './transition.ts'

export const corosync: Renderer<CorosyncSettings> = {
  service: 'corosync',
  version: 2,
  schema,
  problems,
  settings,
  parts: (_host, mine) => [confPart(mine), unitPart(mine), ...witnessPart(mine)],
  groups,
  transition,
}

const unit = 'corosync.service'

function confPart(mine: CorosyncSettings): Part {
  const file = confFile(mine)
  return {
    id: 'corosync',
    layer: 8,
    reach: 'cluster',
    files: [file],
    onRemove: quiet,
    needs: { packages: { corosync: '/usr/sbin/corosync' }, directories: ['/etc/corosync'] },
    check: [
      {
        title: `corosync accepts ${file.path}`,
        run: ['corosync', '-t', '-c', file.path],
        exit: [0],
        stderrNot: 'error|warn|unknown|invalid',
        withinSeconds: 0,
      },
    ],
    // The first deployment writes the file everywhere before any corosync is started; later the group is asked.
    probe: [],
  }
}

function unitPart(mine: CorosyncSettings): Part {
  const places: readonly Place[] = [servicePlace('corosync', 'links')]
  return {
    id: 'corosync.unit',
    layer: 8,
    reach: 'host',
    files: [
      unitDropIn(
        { unit, after: ['networking.service'], interfaces: mine.interfaces, startPost: null, stopPost: null },
        places,
        {
          // On a running corosync "start" does nothing.
          acts: [{ run: ['systemctl', 'daemon-reload'] }, { unit, do: 'enable' }, { unit, do: 'start' }],
          interrupts: [],
          maxSeconds: 0,
        },
      ),
    ],
    onRemove: {
      acts: unitGone(unit),
      interrupts: [`corosync@${mine.node}`],
      maxSeconds: 30,
    },
    needs: { packages: { corosync: '/usr/sbin/corosync' }, directories: [] },
    check: [],
    probe: [unitActive(unit, 30)],
  }
}
