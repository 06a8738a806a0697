/** That code changes with a pull request, by name: whoever reads the rest of the review has to know by what it was worked out. */
import { rest } from './fitting.ts'
import { shortCode } from './markdown.ts'

const mostInName = 200

/** At most `room` characters; empty where no code changes. `place`: where everything is, in Markdown. */
export function codeWithin(paths: readonly string[], room: number, place: string): string {
  if (paths.length === 0) return ''
  const names: string[] = []
  let used = 700
  for (const path of paths) {
    const name = shortCode(path, mostInName)
    used += name.length + 3
    if (used > room) break
    names.push(name)
  }
  const left = paths.length - names.length
  const more = left === 0 ? '' : ` ${rest(left, 'file', place)}`
  return `> ⚠️ **Code changes with it.** It works out this review, and a deployment runs it beside the keys: read it as code before you believe the rest.\n> ${names.join(' · ')}${more}`
}
