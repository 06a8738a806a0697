/** HA of a Proxmox VE cluster as its hosts see it: one state that all share, told and read by a program in the place of ha-manager. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'

export type HaState = 'armed' | 'disarming' | 'disarmed'
export type Defect =
  /** ha-manager ends with an error and does nothing, as without quorum. */
  | 'arm-fails'
  | 'disarm-fails'
  /** What it is told is never carried out. */
  | 'never-disarms'
  | 'no-quorum'

export interface Ha {
  readonly state: HaState
  set(state: HaState): void
  /** "disarm-ha freeze" and "arm-ha", in the order in which they were told; and "no note on n1" where it was told to disarm too early. */
  told(): readonly string[]
  defect(which: Defect, on: boolean): void
  /** Of pve-ha-manager; null where it is not known. */
  version(text: string | null): void
}

const when = 'Mon Nov 23 00:00:00 2026'

/**
 * `bin`: where the hosts' programs are; `roots`: the hosts' folders, by name. Every manager follows after a few looks at the status. The words
 * are those of PVE/API2/HA/Status.pm in pve-ha-manager 5.2.0.
 */
export function simulateHa(bin: string, roots: Readonly<Record<string, string>>, folder: string): Ha {
  mkdirSync(folder, { recursive: true })
  const at = (name: string) => join(folder, name)
  const names = Object.keys(roots)
  const lrms = (state: string) => names.map((name) => `lrm ${name} (${state}, ${when})`).join('\n')
  const mixed = names.map((name, index) => {
    const watchdog = index === names.length - 1 ? 'watchdog active' : 'watchdog released'
    return `lrm ${name} (disarm mode, ${watchdog}, ${when})`
  })
  const status: Readonly<Record<HaState, string>> = {
    armed: `fencing armed (CRM watchdog active)\n${lrms('active, watchdog active')}`,
    disarming: `fencing disarming, resource mode: freeze (CRM watchdog active)\n${mixed.join('\n')}`,
    disarmed: `fencing disarmed, resource mode: freeze (CRM watchdog released)\n${lrms('disarm mode, watchdog released')}`,
  }
  for (const [state, text] of Object.entries(status)) {
    const master = `master ${names[0]} (active, ${when})${state === 'armed' ? '' : ` - ${state}, resource mode: freeze`}`
    writeFileSync(at(`status.${state}`), `${master}\n${text}\n`)
  }
  const notes = Object.entries(roots).map(
    ([name, root]) => `    [ -s '${root}/var/lib/quorate/ha' ] || echo 'no note on ${name}' >>'${at('told')}'`,
  )
  program(
    join(bin, 'ha-manager'),
    `D='${folder}'
read -r state <"$D/state"
case $1:\${2-} in
status:)
  if [ -e "$D/no-quorum" ]; then echo "quorum No quorum on node 'n1'!"; else echo 'quorum OK'; fi
  echo look >>"$D/looks"
  if [ "$state" = disarming ] && [ ! -e "$D/never-disarms" ] && [ "$(wc -l <"$D/looks")" -gt 4 ]; then
    state=disarmed
    echo disarmed >"$D/state"
  fi
  cat "$D/status.$state"
  ;;
crm-command:disarm-ha)
  [ "$*" = 'crm-command disarm-ha freeze' ] || exit 255
  [ ! -e "$D/disarm-fails" ] || { echo 'unable to open file: Permission denied' >&2; exit 1; }
${notes.join('\n')}
  [ ! -e "$D/slow" ] || sleep 1
  echo 'disarm-ha freeze' >>"$D/told"
  : >"$D/looks"
  [ "$state" = disarmed ] || echo disarming >"$D/state"
  ;;
crm-command:arm-ha)
  if [ -e "$D/arm-fails" ] || [ -e "$D/no-quorum" ]; then echo 'unable to open file: Permission denied' >&2; exit 1; fi
  echo arm-ha >>"$D/told"
  echo armed >"$D/state"
  ;;
*) exit 255 ;;
esac
`,
  )
  program(join(bin, 'dpkg-query'), `[ "$*" = '-W -f \${Version} pve-ha-manager' ] && cat '${at('version')}'\n`)
  const ha: Ha = {
    get state() {
      return readFileSync(at('state'), 'utf8').trim() as HaState
    },
    set: (state) => writeFileSync(at('state'), `${state}\n`),
    told: () => (existsSync(at('told')) ? readFileSync(at('told'), 'utf8').split('\n').slice(0, -1) : []),
    defect(which, on) {
      if (on) writeFileSync(at(which), '')
      else rmSync(at(which), { force: true })
    },
    version(text) {
      if (text === null) rmSync(at('version'), { force: true })
      else writeFileSync(at('version'), text)
    },
  }
  ha.set('armed')
  ha.version('5.1.3')
  return ha
}

function program(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}`)
  chmodSync(path, 0o755)
}

/** The small lab with votes instead of a pool, and steps that interrupt them for so long. */
export function voting(rendering: Rendering, maxSeconds: number): Rendering {
  const bundles = Object.values(rendering.hosts).map((bundle) => ({
    ...bundle,
    groups: bundle.groups.map((group) => ({ ...group, kind: 'quorum' as const })),
    parts: bundle.parts.map((part) => ({
      ...part,
      files: part.files.map((file) => ({ ...file, onChange: { ...file.onChange, maxSeconds } })),
    })),
  }))
  return { ...rendering, hosts: Object.fromEntries(bundles.map((bundle) => [bundle.host, bundle])) }
}
