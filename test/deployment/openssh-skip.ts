import { sshdPath } from '../../scripts/lib/bench/openssh.ts'

/** Why tests against OpenSSH cannot run here; null where they can. */
export const openSshSkip = sshdPath === null ? 'no sshd here: apt-get install openssh-server' : null
