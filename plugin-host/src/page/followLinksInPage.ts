import { locationService } from '@grafana/runtime';

/** Plain clicks on links to this host change the address without a reload, as in Grafana. */
export function followLinksInPage(): void {
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest?.('a');
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute('download')) {
      return;
    }
    const href = link.getAttribute('href');
    if (href?.startsWith('/') && !href.startsWith('//') && !href.startsWith('/public/') && !href.startsWith('/api/')) {
      event.preventDefault();
      locationService.push(href);
    }
  });
}
