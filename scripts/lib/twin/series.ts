/** What was asked again and again, and the times in which it was not there. Pure. */

/** One question and whether its answer was good. */
export interface Sample {
  /** Milliseconds since 1970, when it was asked. */
  readonly at: number
  readonly well: boolean
}

export interface Series {
  /** "net:cluster@pve1", "corosync@pve1", or an offer's title. */
  readonly id: string
  readonly kind: 'foot' | 'member' | 'offer'
  /** Milliseconds between two questions, about. */
  readonly every: number
  /** In order of time. */
  readonly samples: readonly Sample[]
}

/** A time without a good answer. */
export interface Gap {
  /** The last good answer before, and the first one after: milliseconds since 1970. `to` is the end where none came any more. */
  readonly from: number
  readonly to: number
  /** How long it was away at the least: the questions in between, without the time between two questions. */
  readonly seconds: number
  /** It was not back at the end. */
  readonly open: boolean
}

/** What a time means in which nobody asked: "unknown", or "away" where whoever asks may have gone with what is asked for. */
export type Silence = 'unknown' | 'away'

/** Every time without a good answer between two moments. */
export function gapsIn(
  { samples, every }: Pick<Series, 'samples' | 'every'>,
  from: number,
  to: number,
  silence: Silence = 'unknown',
): readonly Gap[] {
  const good = samples.filter(({ well, at }) => well && at >= from - every && at <= to)
  const bad = samples.filter(({ well, at }) => !well && at >= from && at <= to)
  const gaps: Gap[] = []
  let last = from - every
  const note = (until: number, open: boolean) => {
    const isAsked = bad.some(({ at }) => at > last && at < until)
    const away = until - last - every
    // A question that came late is no gap.
    if (away > 0 && (isAsked || (silence === 'away' && away > 4 * every)))
      gaps.push({ from: last, to: until, seconds: away / 1000, open })
  }
  for (const { at } of good) {
    note(at, false)
    last = at
  }
  note(to, true)
  return gaps
}

/** How many questions were asked and had no good answer. */
export function lostIn(
  { samples }: Pick<Series, 'samples'>,
  from: number,
  to: number,
): { readonly asked: number; readonly lost: number } {
  const asked = samples.filter(({ at }) => at >= from && at <= to)
  return { asked: asked.length, lost: asked.filter(({ well }) => !well).length }
}

/** The longest gap, in seconds; 0 where there is none. */
export function longest(gaps: readonly Gap[]): number {
  return Math.max(0, ...gaps.map(({ seconds }) => seconds))
}
