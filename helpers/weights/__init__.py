"""Where does a model come from, and how does it turn a state into logits?"""
