/** A host's transient timers: systemd-run leaves a file for each, and it is run here when it is due, with or without an SSH connection. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { PacedClock } from './clock.ts'

export interface Timers {
  /** Looks for timers that were armed or stopped since. */
  look(): void
  /** Forgets every timer, as a power cut does. */
  clear(): void
}

/** `run` carries out a timer's command on the host. */
export function watchTimers(sim: string, clock: PacedClock, run: (argv: readonly string[]) => Promise<void>): Timers {
  const armed = join(sim, 'timers')
  const firing = join(sim, 'firing')
  // By unit: the file it was armed with, as one that is stopped and armed again starts anew.
  const pending = new Map<string, { readonly file: number; readonly callOff: () => void }>()
  mkdirSync(armed, { recursive: true })
  mkdirSync(firing, { recursive: true })

  const fire = async (unit: string) => {
    pending.delete(unit)
    // Stopped in the last moment: then the file is gone, and nothing runs.
    if (!existsSync(join(armed, unit))) return
    renameSync(join(armed, unit), join(firing, unit))
    const [, ...argv] = read(join(firing, unit))
    await run(argv)
    rmSync(join(firing, unit), { force: true })
  }

  const callOff = (unit: string) => {
    pending.get(unit)?.callOff()
    pending.delete(unit)
  }

  const look = () => {
    const units = readdirSync(armed).filter((name) => !name.startsWith('.'))
    for (const unit of pending.keys()) if (!units.includes(unit)) callOff(unit)
    for (const unit of units) {
      const file = statSync(join(armed, unit), { throwIfNoEntry: false })?.ino
      if (file === undefined || pending.get(unit)?.file === file) continue
      callOff(unit)
      const seconds = Number(read(join(armed, unit))[0])
      pending.set(unit, { file, callOff: clock.after(seconds * 1000, () => void fire(unit)) })
    }
  }

  return {
    look,
    clear() {
      for (const unit of pending.keys()) callOff(unit)
      for (const unit of readdirSync(armed)) rmSync(join(armed, unit), { force: true })
    },
  }
}

/** Seconds, then one argument a line. */
function read(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1)
}
