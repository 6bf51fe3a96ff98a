"""corrconv weights: are the filters of a trained network symmetric?"""
