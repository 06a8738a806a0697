/** What goes wrong with a unit of a machine while the rollout is right: laid before it is told anything, and lifted again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rollout } from '../rollout/rollout.ts'
import type { Machine } from './machine.ts'

export type UnitFault = 'config-refused' | 'unit-dies'

/** How long a fault that was laid may take to come about once the rollout is over. Milliseconds. */
const comesMs = 15_000

const folder = '/run/quorate-fault'
const came = `${folder}/came`
const timer = 'quorate-fault'

/** Nothing goes wrong but in an armed step: what is there before it, and comes back after it, is taken by the daemon. */
const inStepOnly = 'set -- /var/lib/quorate/generations/*/armed\n[ -e "$1" ] || exit 0\n'

/** The last unit that a step tells to start or to read its files anew on a host; null where it tells none. */
export function unitIn(rollout: Rollout | null, step: number, host: string): string | null {
  const write = rollout?.waves
    .flat()
    .find(({ id }) => id === step)
    ?.writes.find((each) => each.host === host)
  const told = (write?.acts ?? []).flatMap((act) => ('unit' in act && reads.includes(act.do) ? [act.unit] : []))
  return told.at(-1) ?? null
}

const reads: readonly string[] = ['start', 'reload', 'restart']

/** The lines that systemd reads beside the unit's own, and the programs that they call. */
export function unitFaultFiles(name: UnitFault, unit: string): Readonly<Record<string, string>> {
  const dropIn = dropInOf(unit)
  const call = `+/bin/sh ${folder}/${name}`
  if (name === 'config-refused') {
    return {
      [dropIn]: `[Service]\nExecStartPre=${call}\nExecReload=${call}\n`,
      [`${folder}/${name}`]: `${inStepOnly}: >${came}\necho 'this configuration is refused' >&2\nexit 1\n`,
    }
  }
  const later = `systemd-run --quiet --collect --unit=${timer} --on-active=10 --timer-property=AccuracySec=100ms`
  return {
    [dropIn]: `[Service]\nRestart=no\nExecStartPost=${call}\nExecReload=${call}\n`,
    [`${folder}/${name}`]: `${inStepOnly}systemctl is-active --quiet ${timer}.timer || exec ${later} /bin/sh ${folder}/kill\n`,
    [`${folder}/kill`]: `systemctl kill --kill-who=main --signal=SIGKILL '${unit}' && : >${came}\n`,
  }
}

/** Lays it; nothing has gone wrong yet. Throws where the machine does not take it. */
export async function layUnitFault(machine: Machine, name: UnitFault, unit: string): Promise<void> {
  for (const [path, text] of Object.entries(unitFaultFiles(name, unit))) {
    await must(machine, ['sh', '-c', 'mkdir -p "${1%/*}" && cat >"$1"', 'sh', path], text)
  }
  await must(machine, ['systemctl', 'daemon-reload'])
}

/** Waits until it has come about; throws where it does not. */
export async function unitFaultCame(machine: Machine, unit: string): Promise<void> {
  const until = performance.now() + comesMs
  while ((await machine.exec(['test', '-e', came])).exit !== 0) {
    if (performance.now() > until) throw new Error(`${unit} was told nothing meanwhile, or it has no main process`)
    await sleep(500)
  }
}

/** What systemd calls the unit's state: "active", "failed", "inactive". */
export async function unitState(machine: Machine, unit: string): Promise<string> {
  return (await machine.exec(['systemctl', 'is-active', unit])).stdout.trim()
}

/** Lifts it, and starts the unit where it is dead, as a person would who finds it so. */
export async function liftUnitFault(machine: Machine, unit: string): Promise<void> {
  await machine.exec(['systemctl', 'stop', `${timer}.timer`])
  await must(machine, ['rm', '-rf', dropInOf(unit), folder])
  await must(machine, ['systemctl', 'daemon-reload'])
  if ((await unitState(machine, unit)) !== 'failed') return
  await must(machine, ['systemctl', 'reset-failed', unit])
  await must(machine, ['systemctl', 'start', unit])
}

/** Read after the product's own, which it has to overrule. Gone with the next boot. */
function dropInOf(unit: string): string {
  return `/run/systemd/system/${unit}.d/zz-quorate-fault.conf`
}

async function must(machine: Machine, argv: readonly string[], input?: string): Promise<void> {
  const { exit, stderr } = await machine.exec(argv, input)
  if (exit !== 0) throw new Error(`${argv.slice(0, 3).join(' ')} ended with ${exit ?? 'a signal'}: ${stderr.trim()}`)
}
