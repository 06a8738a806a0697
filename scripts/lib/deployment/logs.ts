/** Which commands show what the units said while a step was on its hosts. */
import type { Write } from '../rollout/rollout.ts'

/** One per host that was told something. `since`: ISO 8601. What is no unit writes under its own name, so there the whole journal is shown. */
export function logsOf(writes: readonly Write[], since: string): readonly string[] {
  const time = `${since.slice(0, 10)} ${since.slice(11, 19)} UTC`
  return writes.flatMap(({ host, acts }) => {
    if (acts.length === 0) return []
    const units = acts.flatMap((act) => ('unit' in act ? [act.unit] : []))
    const named = units.length < acts.length ? [] : [...new Set(units)].map((unit) => `-u ${unit}`)
    return [`${host}: ${['journalctl', ...named, `--since "${time}"`].join(' ')}`]
  })
}
