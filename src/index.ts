/** The step itself: action.yml's `main`. */
export const main = async (): Promise<void> => (await import('./main.ts')).main()

/** What cleans up after it: action.yml's `post`. */
export const post = async (): Promise<void> => (await import('./post.ts')).post()

/** What renews the credential of prepared mode until the post step: started by the step itself. */
export const keeper = async (): Promise<void> => (await import('./keeper.ts')).keeper()

/** The command line: package.json's `bin`. */
export const cli = async (): Promise<void> => (await import('./cli.ts')).cli()
