/** That code, or whom it trusts, changes with a pull request, by name: whoever reads the rest of the review has to know by what it was worked out. */
import { isTrust } from '../bundle/code-changes.ts'
import { rest } from './fitting.ts'
import { shortCode } from './markdown.ts'

const mostInName = 200

const warnings = {
  trust: '**Whom a deployment trusts changes with it**: which keys of hosts are believed, or who can read the secrets.',
  code: '**Code changes with it.** It works out this review, and a deployment runs it beside the keys: read it as code before you believe the rest.',
}

/** At most `room` characters; empty where neither changes. `place`: where everything is, in Markdown. */
export function codeWithin(paths: readonly string[], room: number, place: string): string {
  const trust = block(warnings.trust, paths.filter(isTrust), room / 2, place)
  const all = [
    trust,
    block(
      warnings.code,
      paths.filter((path) => !isTrust(path)),
      room - trust.length,
      place,
    ),
  ]
  return all.filter((text) => text !== '').join('\n\n')
}

function block(warning: string, paths: readonly string[], room: number, place: string): string {
  if (paths.length === 0) return ''
  const names: string[] = []
  let used = warning.length + 500
  for (const path of paths) {
    const name = shortCode(path, mostInName)
    used += name.length + 3
    if (used > room && names.length > 0) break
    names.push(name)
  }
  const left = paths.length - names.length
  const more = left === 0 ? '' : ` ${rest(left, 'file', place)}`
  return `> ⚠️ ${warning}\n> ${names.join(' · ')}${more}`
}
