/** The branch that takes back what a commit's deployment would have brought; .github/actions/deployed.sh makes it. */
import { code } from './markdown.ts'

/** conflicts: it is there, and does not merge by itself. refused: GitHub did not take it. none: there is nothing that could be taken back. */
export const reverts = ['made', 'conflicts', 'refused', 'none'] as const
export type Revert = (typeof reverts)[number]

/** Markdown for a list. `commit`: the full hash; `repository`: "https://github.com/owner/name", which may be linked. */
export function revertWords(commit: string, revert: Revert | null, repository: string | null): readonly string[] {
  const branch = `quorate/revert-${commit.slice(0, 12)}`
  const name = repository === null ? code(branch) : `[${code(branch)}](${repository}/compare/${branch}?expand=1)`
  switch (revert) {
    case 'made':
      return [`back: open a pull request from ${name} and merge it; it holds exactly what is deployed`]
    case 'conflicts':
      return [
        `back: ${name} holds exactly what is deployed, and conflicts with what was merged since, which a person has to resolve`,
      ]
    case 'refused':
      return [
        `back: no branch could be prepared (GitHub takes none that touches a workflow); ${code(`git revert ${commit.slice(0, 7)}`)} makes one`,
      ]
    case 'none':
    case null:
      return []
  }
}
