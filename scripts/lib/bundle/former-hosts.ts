/** The hosts of definitions that a lab may still stand at, for what they hold has to be taken off them. */
import type { PerHost } from '../../../renderers/renderer.ts'
import { FailureError } from '../failure.ts'
import { openGit } from './git.ts'
import type { Bundle } from './rendering.ts'
import { renderRevision, type RevisionRequest } from './revision.ts'

/**
 * By name, with all addresses that they had; `commit`: what is going to be deployed, null where that is no commit.
 * Those of the commit that all hosts were last brought to. Unless that is this very one, also those of the commit before HEAD: a run of it may
 * have ended halfway, and where no commit is known as deployed it is the best guess. With another commit than HEAD, those of HEAD.
 * Throws a FailureError where the deployed commit cannot be rendered.
 */
export async function formerHosts(
  request: Omit<RevisionRequest, 'revision'>,
  commit: string | null,
): Promise<PerHost<Bundle>> {
  const git = await openGit(request.repoRoot)
  if (git === null) return {}
  const deployed = await git.deployed()
  const { commit: head } = await git.current()
  const hostsAt = async (revision: string) => (await renderRevision({ ...request, revision })).rendering.hosts
  const guessed = async (revision: string): Promise<PerHost<Bundle>> => {
    try {
      return await hostsAt(revision)
    } catch (error) {
      // The first commit has none before it, and one that could not be rendered was never deployed.
      if (error instanceof FailureError) return {}
      throw error
    }
  }
  const isThere = deployed !== null && deployed === commit
  return united([
    isThere ? {} : await guessed('HEAD^'),
    head === null || head === commit ? {} : await guessed(head),
    deployed === null || isThere ? {} : await hostsAt(deployed),
  ])
}

/** What a later one says counts; its host's addresses come first. */
function united(definitions: readonly PerHost<Bundle>[]): PerHost<Bundle> {
  return definitions.reduce<PerHost<Bundle>>((all, hosts) => {
    const later = Object.entries(hosts).map(([host, bundle]) => {
      const addresses = new Set([...bundle.way.addresses, ...(all[host]?.way.addresses ?? [])])
      return [host, { ...bundle, way: { ...bundle.way, addresses: [...addresses] } }] as const
    })
    return { ...all, ...Object.fromEntries(later) }
  }, {})
}
