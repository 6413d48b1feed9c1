/** What a warning is about, for whoever sorts them. */
export type NoticeCode = 'configuration' | 'open-pattern' | 'review-age' | 'overlap'

/** Something odd about a configuration that is taken all the same; the text begins with its place where it has one. */
export interface Notice {
  readonly code: NoticeCode
  readonly text: string
}
