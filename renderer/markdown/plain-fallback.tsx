/** Whatever Markdown cannot be made of is shown as it was written: a text must never take the window down with it. */
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
