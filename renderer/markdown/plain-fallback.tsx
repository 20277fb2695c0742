/** An error boundary: where rendering a text as Markdown throws, it is shown as it was written, so that no text can break the window. */
import { Component, type ReactNode } from 'react';

interface PlainFallbackProps {
  text: string;
  children: ReactNode;
}

export class PlainFallback extends Component<PlainFallbackProps, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    return this.state.isBroken ? <p className="prose whitespace-pre-wrap">{this.props.text}</p> : this.props.children;
  }
}
