"""Did it learn the rule, or memorise the data?"""
