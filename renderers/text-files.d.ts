/** Templates and the host side are text files beside the code that uses them; the build puts them into it. */
declare module '*.njk' {
  const file: { readonly name: string; readonly text: string }
  export default file
}

declare module '*.sh' {
  const file: { readonly name: string; readonly text: string }
  export default file
}

declare module '*.py' {
  const file: { readonly name: string; readonly text: string }
  export default file
}
