async def test_a_mention_is_answered_from_the_notes(faq, member, channel, me):
    """Whoever mentions the bot gets a reply with its source under it."""
    asked = await member.send(channel, f"{me} do you deliver to Princeton?")
    answer = channel.last_message
    print(faq, faq.response, faq.followups)
    print(answer.content)
    assert answer.reference.message_id == asked.id
    assert "12 dollars" in answer.content
    assert answer.content.splitlines()[-1] == "-# [1] faq.md, Do you deliver to Princeton?"
