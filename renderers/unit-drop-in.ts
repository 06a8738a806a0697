import type { Effect, File, Place } from './renderer.ts'
import { template } from './template.ts'
import dropIn from './unit-drop-in.njk'

export interface DropIn {
  /** "keepalived.service", "tinc@cluster.service". */
  readonly unit: string
  /** Units to come after. */
  readonly after: readonly string[]
  /** Interfaces to wait for. */
  readonly interfaces: readonly string[]
  /** A command that systemd runs, as it is, after the daemon was started and before the unit counts as active; null for none. */
  readonly startPost: string | null
  /** One that it runs once the daemon has ended, before it is started again. */
  readonly stopPost: string | null
}

/**
 * What makes a unit survive boot: keepalived that starts before its bridge is there fails for good (measured). `Wants`, not `BindsTo`: a tap
 * goes away for a moment whenever its VPN restarts, and where /sys is read-only (containers) there are no device units to be bound to.
 */
export function unitDropIn(want: DropIn, from: readonly Place[], onChange: Effect): File {
  const devices = want.interfaces.map(deviceUnit)
  return {
    path: `/etc/systemd/system/${want.unit}.d/quorate.conf`,
    mode: '0644',
    owner: 'root:root',
    store: 'disk',
    text: template(dropIn, { ...want, wants: devices, after: [...want.after, ...devices] }),
    from,
    onChange,
  }
}

/** The unit by which systemd knows an interface; escaped as systemd-escape(1) does. */
function deviceUnit(interfaceName: string): string {
  const escaped = interfaceName.replace(
    /[^A-Za-z0-9:_.]|^\./g,
    (character) => String.raw`\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `sys-subsystem-net-devices-${escaped}.device`
}
