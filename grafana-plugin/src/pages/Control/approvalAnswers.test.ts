import { answersOf } from './approvalAnswers';

describe('what may be answered to an action that waits for a second person', () => {
  it.each([
    ['who asked', { actor: 'ann', confirmed: true }, 'ann', ['reject']],
    ['who asked, of a plan that changed', { actor: 'ann', confirmed: false }, 'ann', ['confirm', 'reject']],
    ['somebody else', { actor: 'ann', confirmed: true }, 'bob', ['approve', 'reject']],
    ['somebody else, of a plan that changed', { actor: 'ann', confirmed: false }, 'bob', ['reject']],
  ])('%s', (_, approval, login, allowed) => {
    expect(answersOf(approval, login)).toMatchObject({ mine: approval.actor === login, allowed });
  });
});
