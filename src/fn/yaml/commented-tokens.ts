import type { YamlNode } from './node.ts';
import { Scanner } from './scanner.ts';
import { TOKEN, type Token } from './token.ts';

/** The scanner's tokens, and the comments that were met on the way to the one that was looked at last: they wait for a node. */
export class CommentedTokens {
  head = '';
  line = '';
  foot = '';
  /** The comment above a '-' whose item is itself a block. */
  stem = '';
  private readonly scanner: Scanner;

  constructor(text: string) {
    this.scanner = new Scanner(text);
  }

  skip(): void {
    this.scanner.skip();
  }

  peek(): Token {
    const token = this.scanner.peek();
    const { comments } = this.scanner;
    if (this.scanner.commentsHead < comments.length) this.unfold(token);
    return token;
  }

  private unfold(token: Token): void {
    const { scanner } = this;
    for (;;) {
      const comment = scanner.comments[scanner.commentsHead];
      if (comment === undefined || token.index < comment.target) return;
      if (comment.head !== '') {
        if (token.type === TOKEN.blockEnd) return; // an end has no head: it is for what follows
        this.head = this.head === '' ? comment.head : `${this.head}\n${comment.head}`;
      }
      if (comment.foot !== '') this.foot = this.foot === '' ? comment.foot : `${this.foot}\n${comment.foot}`;
      if (comment.line !== '') this.line = this.line === '' ? comment.line : `${this.line}\n${comment.line}`;
      comment.head = '';
      comment.line = '';
      comment.foot = '';
      comment.endIndex = 0;
      scanner.commentsHead++;
    }
  }

  takeComments(node: YamlNode): void {
    node.head = this.head;
    node.line = this.line;
    node.foot = this.foot;
    this.dropComments();
  }

  dropComments(): void {
    this.head = '';
    this.line = '';
    this.foot = '';
    this.stem = '';
  }

  /** What stands behind a collection's last entry. Its end is the token that was looked at. */
  endCollection(node: YamlNode): void {
    node.line = this.line;
    node.foot = this.foot;
    this.dropComments();
    this.skip();
  }
}
