/** What is wrong with a function's directory, or with the tools it is built by; for its author. */
export class ProjectError extends Error {}
