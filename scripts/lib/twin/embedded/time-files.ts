/** What a host's programs know of the time: files that tell the lab's, as no program of theirs could. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../deployment/clock.ts'

export interface TimeFiles {
  /** Writes down what time it is; `booted`: when the host was switched on, milliseconds since 1970. */
  tell(booted: number): void
  close(): void
}

/** /proc/uptime, and /run/date as ctime(3) writes it, outside of what is watched: it changes every second. */
export function openTimeFiles(folder: string, clock: Pick<Clock, 'now'>): TimeFiles {
  const uptime = openSync(join(folder, 'proc/uptime'), 'w')
  const date = openSync(join(folder, 'run/date'), 'w')
  let dated = 0
  return {
    tell(booted) {
      const seconds = ((clock.now() - booted) / 1000).toFixed(2)
      // In place and always as long: a program that reads it meanwhile finds a whole line.
      writeSync(uptime, `${`${seconds} ${seconds}`.padEnd(40)}\n`, 0)
      const second = Math.floor(clock.now() / 1000)
      if (second === dated) return
      dated = second
      writeSync(date, `${ctime(new Date(second * 1000))}\n`, 0)
    },
    close() {
      closeSync(uptime)
      closeSync(date)
    },
  }
}

/** "Mon Nov  3 18:22:04 2025". */
function ctime(moment: Date): string {
  const [weekday, month, , year, time] = moment.toString().split(' ')
  return `${weekday} ${month} ${String(moment.getDate()).padStart(2)} ${time} ${year}`
}
